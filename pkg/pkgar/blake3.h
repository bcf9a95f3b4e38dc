#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "pkg/crypto/hash.h"

/// BLAKE3 with 32 bytes of output, which pkgar names everything by. Nothing of our own does.
namespace cairn::pkgar {

/// Of bytes that come in pieces. To be used once.
class Blake3Hasher {
  public:
    Blake3Hasher();
    void update(std::span<const std::uint8_t> bytes);
    crypto::Hash finish() const;

  private:
    alignas(8) std::array<std::uint8_t, 1912> state_;  // blake3_hasher
};

crypto::Hash hash_blake3(std::span<const std::uint8_t> bytes);

}  // namespace cairn::pkgar
