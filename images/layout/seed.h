#pragma once

#include <cstdint>
#include <string_view>

#include "images/layout/guid.h"
#include "pkg/crypto/hash.h"

/// Identifiers of an image that look random but are the same in every build of it.
namespace cairn::layout {

/// What an image's identifiers derive from: its name, version and architecture.
crypto::Hash make_seed(std::string_view name, std::string_view version, std::string_view architecture);

/// A version 4 GUID for one purpose ("disk", "esp"). Different purposes give different ones.
Guid derive_guid(const crypto::Hash& seed, std::string_view purpose);
std::uint32_t derive_number(const crypto::Hash& seed, std::string_view purpose);

/// GUIDs of the two partitions that hold a root: the halves of its root hash, so that other tools can match
/// them.
Guid root_guid(const crypto::Hash& root_hash);
Guid root_verity_guid(const crypto::Hash& root_hash);

}  // namespace cairn::layout
