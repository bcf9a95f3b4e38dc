#include "pkg/pkgar/blake3.h"

#include <blake3.h>

namespace cairn::pkgar {

static_assert(sizeof(blake3_hasher) == 1912 && alignof(blake3_hasher) == 8);

Blake3Hasher::Blake3Hasher() {
    ::blake3_hasher_init(reinterpret_cast<blake3_hasher*>(state_.data()));
}

void Blake3Hasher::update(std::span<const std::uint8_t> bytes) {
    ::blake3_hasher_update(reinterpret_cast<blake3_hasher*>(state_.data()), bytes.data(), bytes.size());
}

crypto::Hash Blake3Hasher::finish() const {
    std::array<std::uint8_t, crypto::Hash::size> output;
    ::blake3_hasher_finalize(reinterpret_cast<const blake3_hasher*>(state_.data()), output.data(),
                             output.size());
    return crypto::Hash(output);
}

crypto::Hash hash_blake3(std::span<const std::uint8_t> bytes) {
    Blake3Hasher hasher;
    hasher.update(bytes);
    return hasher.finish();
}

}  // namespace cairn::pkgar
