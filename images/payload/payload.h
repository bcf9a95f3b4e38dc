#pragma once

#include <cstdint>
#include <filesystem>

#include "images/payload/frames_index.h"
#include "pkg/crypto/hash.h"

namespace cairn::payload {

struct PayloadRequest {
    std::filesystem::path root;    // root.erofs
    std::filesystem::path verity;  // root.verity
    crypto::Hash root_hash;
    std::filesystem::path output;  // folder for `<root hash>.tree`, `.frames`, `.frames.idx`
    int level = 19;                // of zstd
    unsigned threads = 2;
};

/// What the signed image.json says of the payload, and what is for people.
struct Payload {
    crypto::Hash root_hash;
    std::uint64_t data_blocks = 0;
    std::uint64_t tree_size = 0;
    std::uint64_t frames_size = 0;
    std::uint64_t frames_index_size = 0;
    crypto::Hash frames_index;  // SHA-256 of `.frames.idx`
    friend bool operator==(const Payload&, const Payload&) = default;
};

/// Writes what devices fetch of a root (FORMAT.md): the same input gives the same bytes. Each file appears
/// whole, the index last. Throws VerifyError when root, tree and root hash do not belong together; then there
/// is no index.
Payload make_payload(const PayloadRequest& request);

}  // namespace cairn::payload
