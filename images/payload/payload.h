#pragma once

#include <filesystem>
#include <optional>

#include "images/payload/description.h"
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

/// Writes what devices fetch of a root (FORMAT.md): the same input gives the same bytes. Each file appears
/// whole, the index last. Throws VerifyError when root, tree and root hash do not belong together; then there
/// is no index.
Payload make_payload(const PayloadRequest& request);

/// The payload of a root that is in the folder already, as an earlier make_payload left it. Who has published
/// it must not make it again: another zstd packs to other bytes than those that a signed image.json names.
std::optional<Payload> find_payload(const std::filesystem::path& folder, const crypto::Hash& root_hash);

}  // namespace cairn::payload
