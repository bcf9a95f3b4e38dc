#pragma once

#include <cstdint>
#include <vector>

#include "pkg/archive/zstd.h"
#include "pkg/crypto/hash.h"
#include "pkg/package/bytes.h"
#include "pkg/package/reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/package_builder.h"

/// Packages as a hostile signer makes them: any head and any data, with a signature that holds, so that what
/// is behind the signature is reached. Written by FORMAT.md, not by our writer.
namespace cairn::fuzz {

/// Preamble and head.
inline std::vector<std::uint8_t> sign_head(Bytes plain_head, std::uint64_t data_size,
                                           const crypto::Hash& data_hash) {
    crypto::SecretKey key = testing::fixed_key();
    std::vector<std::uint8_t> head;
    archive::ZstdCompressor().compress(plain_head, head);
    package::ByteWriter writer;
    writer.put_bytes(bytes_of("CAIRNPKG"));
    writer.put_number(1, 4);
    writer.put_number(head.size(), 4);
    writer.put_number(plain_head.size(), 4);
    writer.put_number(0, 4);
    writer.put_number(data_size, 8);
    writer.put_bytes(data_hash.bytes());
    writer.put_bytes(key.public_key().bytes());
    crypto::Blake2bHasher hasher;
    hasher.update(writer.bytes());
    hasher.update(head);
    writer.put_bytes(crypto::sign(key, "package-head", hasher.finish().bytes()).bytes());
    writer.put_bytes(head);
    return writer.bytes();
}

/// The whole file.
inline std::vector<std::uint8_t> sign_package(Bytes plain_head, Bytes data) {
    std::vector<std::uint8_t> file = sign_head(plain_head, data.size(), crypto::hash_blake2b(data));
    file.insert(file.end(), data.begin(), data.end());
    return file;
}

inline package::AllowedKeys allowed_keys() {
    return package::AllowedKeys({testing::fixed_key().public_key()});
}

}  // namespace cairn::fuzz
