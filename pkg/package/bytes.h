#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/crypto/hash.h"

/// Little-endian numbers and length-prefixed texts in a row of bytes: how the head is written and read.
namespace cairn::package {

class ByteWriter {
  public:
    /// The lowest `width` bytes of `number`, which must hold all of it.
    void put_number(std::uint64_t number, unsigned width);
    void put_bytes(std::span<const std::uint8_t> bytes);
    /// The length in `width` bytes, then the text.
    void put_text(std::string_view text, unsigned width);
    const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  private:
    std::vector<std::uint8_t> bytes_;
};

/// Reads what ByteWriter wrote. Throws VerifyError, without reading further, where the bytes end too early.
class ByteReader {
  public:
    explicit ByteReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
    std::uint64_t take_number(unsigned width);
    std::span<const std::uint8_t> take_bytes(std::size_t count);
    crypto::Hash take_hash();
    std::string take_text(unsigned width);
    std::size_t left() const { return rest_.size(); }

  private:
    std::span<const std::uint8_t> rest_;
};

}  // namespace cairn::package
