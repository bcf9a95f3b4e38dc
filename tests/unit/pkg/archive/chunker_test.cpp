#include "pkg/archive/chunker.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

namespace cairn::archive {
namespace {

std::vector<std::uint8_t> noise(std::size_t size) {
    std::vector<std::uint8_t> bytes(size);
    std::uint64_t state = 1;
    for (std::uint8_t& byte : bytes) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        byte = static_cast<std::uint8_t>(state >> 56);
    }
    return bytes;
}

std::vector<std::string> cut_all(std::span<const std::uint8_t> bytes) {
    std::vector<std::string> chunks;
    while (!bytes.empty()) {
        const std::size_t length = find_cut(bytes);
        chunks.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
        bytes = bytes.subspan(length);
    }
    return chunks;
}

TEST(Chunker, KeepsItsSizes) {
    const auto chunks = cut_all(noise(16 << 20));
    for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
        EXPECT_GE(chunks[i].size(), ChunkSizes::least);
        EXPECT_LE(chunks[i].size(), ChunkSizes::most);
    }
    const std::size_t average = (16 << 20) / chunks.size();
    EXPECT_GT(average, ChunkSizes::normal / 2);
    EXPECT_LT(average, ChunkSizes::normal * 2);
}

TEST(Chunker, CutsZerosAtTheMost) {
    const std::vector<std::uint8_t> zeros(1 << 20);
    EXPECT_LE(find_cut(zeros), ChunkSizes::most);
    EXPECT_EQ(find_cut(std::span(zeros).first(5)), 5U);
    EXPECT_EQ(find_cut({}), 0U);
}

TEST(Chunker, DoesNotLookBeyondTheLargestChunk) {
    const auto bytes = noise(1 << 20);
    EXPECT_EQ(find_cut(bytes), find_cut(std::span(bytes).first(ChunkSizes::most)));
}

TEST(Chunker, AnInsertionChangesFewChunks) {
    auto bytes = noise(8 << 20);
    const auto before = cut_all(bytes);
    bytes.insert(bytes.begin() + (4 << 20), 100, std::uint8_t{7});
    const auto after = cut_all(bytes);
    const std::set<std::string> known(before.begin(), before.end());
    const auto changed =
        std::ranges::count_if(after, [&](const std::string& chunk) { return !known.contains(chunk); });
    EXPECT_LE(changed, 4);
    EXPECT_GE(changed, 1);
}

TEST(Chunker, CutsWhereItAlwaysDid) {
    // Other cuts would make other packages out of the same files.
    const auto chunks = cut_all(noise(1 << 20));
    std::vector<std::size_t> sizes;
    for (const std::string& chunk : chunks) sizes.push_back(chunk.size());
    EXPECT_EQ(sizes, (std::vector<std::size_t>{87823, 67008, 49232, 99387, 143689, 94578, 93629, 70794, 22606,
                                               87846, 72517, 66679, 92788}));
}

}  // namespace
}  // namespace cairn::archive
