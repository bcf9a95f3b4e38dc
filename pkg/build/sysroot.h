#pragma once

#include <filesystem>
#include <vector>

#include "pkg/store/store.h"

namespace cairn::build {

/// One directory holding the union of several outputs, made of hard links into the store and kept for other
/// builds that see the same set. Throws UsageError when two outputs have the same path with different
/// content. `names` are the recipes of `outputs`, for that message. No outputs: an empty directory.
std::filesystem::path make_sysroot(const store::Store& store, const std::vector<crypto::Hash>& outputs,
                                   const std::vector<std::string>& names);

}  // namespace cairn::build
