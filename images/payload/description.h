#pragma once

#include <cstdint>
#include <string_view>

#include "pkg/base/json.h"
#include "pkg/crypto/hash.h"

namespace cairn::payload {

/// What the signed image.json says of a root and its payload (FORMAT.md).
struct Payload {
    crypto::Hash root_hash;
    std::uint64_t data_blocks = 0;
    std::uint64_t tree_size = 0;
    std::uint64_t frames_size = 0;
    std::uint64_t frames_index_size = 0;
    crypto::Hash frames_index;  // SHA-256 of `.frames.idx`
    friend bool operator==(const Payload&, const Payload&) = default;
};

/// The member `payload` of image.json. Root hash and size stand beside it, as they are the image's own.
Json to_json(const Payload& payload);
/// Of a whole image.json. Throws VerifyError when something is missing, of another kind, or cannot be: then
/// the image can be installed, but not fetched; `name` is for the message.
Payload parse_payload(const Json& image, std::string_view name);

}  // namespace cairn::payload
