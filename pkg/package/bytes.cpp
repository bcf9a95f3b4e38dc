#include "pkg/package/bytes.h"

#include "pkg/base/error.h"

namespace cairn::package {

void ByteWriter::put_number(std::uint64_t number, unsigned width) {
    CHECK(width == 8 || number >> (8 * width) == 0);
    for (unsigned i = 0; i < width; ++i) bytes_.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

void ByteWriter::put_bytes(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void ByteWriter::put_text(std::string_view text, unsigned width) {
    put_number(text.size(), width);
    bytes_.insert(bytes_.end(), text.begin(), text.end());
}

std::uint64_t ByteReader::take_number(unsigned width) {
    const auto bytes = take_bytes(width);
    std::uint64_t number = 0;
    for (unsigned i = 0; i < width; ++i) number |= std::uint64_t{bytes[i]} << (8 * i);
    return number;
}

std::span<const std::uint8_t> ByteReader::take_bytes(std::size_t count) {
    if (count > rest_.size()) throw VerifyError("cannot use the package: its head ends too early");
    const auto bytes = rest_.first(count);
    rest_ = rest_.subspan(count);
    return bytes;
}

crypto::Hash ByteReader::take_hash() {
    return crypto::Hash(take_bytes(crypto::Hash::size).first<crypto::Hash::size>());
}

std::string ByteReader::take_text(unsigned width) {
    const auto bytes = take_bytes(static_cast<std::size_t>(take_number(width)));
    return std::string(bytes.begin(), bytes.end());
}

}  // namespace cairn::package
