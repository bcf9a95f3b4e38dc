#include "pkg/pkgar/blake3.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace cairn::pkgar {
namespace {

/// The input of BLAKE3's own test vectors: the numbers 0 to 250 again and again.
std::vector<std::uint8_t> make_input(std::size_t size) {
    std::vector<std::uint8_t> input(size);
    for (std::size_t i = 0; i < size; ++i) input[i] = static_cast<std::uint8_t>(i % 251);
    return input;
}

struct Vector {
    std::size_t size;
    const char* hash;
};

// The first 32 bytes of the field `hash` of the vectors that BLAKE3's authors publish.
constexpr Vector vectors[] = {
    {0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"},
    {1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"},
    {1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"},
    {1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"},
    {1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"},
    {2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"},
    {5121, "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff"},
    {7169, "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817"},
    {102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"},
};

TEST(Blake3, HashesThePublishedVectors) {
    for (const Vector& vector : vectors)
        EXPECT_EQ(hash_blake3(make_input(vector.size)).to_hex(), vector.hash) << vector.size;
}

TEST(Blake3, IsTheSameInPieces) {
    const std::vector<std::uint8_t> input = make_input(102'400);
    for (const std::size_t piece : {1U, 1023U, 1024U, 1025U, 65'536U}) {
        Blake3Hasher hasher;
        for (std::size_t i = 0; i < input.size(); i += piece)
            hasher.update(std::span(input).subspan(i, std::min<std::size_t>(piece, input.size() - i)));
        EXPECT_EQ(hasher.finish(), hash_blake3(input)) << piece;
    }
}

}  // namespace
}  // namespace cairn::pkgar
