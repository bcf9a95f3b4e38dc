#include "pkg/archive/zstd.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::archive {
namespace {

TEST(Zstd, ComesBack) {
    const std::string text = std::string(100'000, 'a') + "end";
    const std::string packed = compress_zstd(text);
    EXPECT_LT(packed.size(), 200U);
    EXPECT_EQ(decompress_zstd(packed, text.size()), text);
    EXPECT_EQ(decompress_zstd(compress_zstd(""), 0), "");
}

TEST(Zstd, KeepsToTheLimitAndTheStatedSize) {
    const std::string text(1000, 'a');
    const std::string packed = compress_zstd(text);
    EXPECT_THROW(decompress_zstd(packed, 999), VerifyError);
    EXPECT_THROW(decompress_zstd("no zstd", 999), VerifyError);
    const std::vector<std::uint8_t> bytes(packed.begin(), packed.end());
    ZstdDecompressor decompressor;
    for (const std::size_t size : {0, 1, 999, 1001}) {
        std::vector<std::uint8_t> out(size);
        EXPECT_THROW(decompressor.decompress(bytes, out), VerifyError) << size;
    }
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        std::vector<std::uint8_t> out(1000);
        EXPECT_THROW(decompressor.decompress(std::span(bytes).first(length), out), VerifyError) << length;
    }
}

TEST(Zstd, CompressorGivesTheSameAgain) {
    ZstdCompressor compressor;
    std::vector<std::uint8_t> first;
    std::vector<std::uint8_t> second;
    std::vector<std::uint8_t> bytes(50'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * i / 7);
    compressor.compress(bytes, first);
    compressor.compress(std::span(bytes).first(10), second);
    compressor.compress(bytes, second);
    EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace cairn::archive
