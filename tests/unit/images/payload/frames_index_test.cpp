#include "images/payload/frames_index.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::payload {
namespace {

FramesIndex make_index() {
    FramesIndex index;
    index.add(4, 17);
    index.add(32, 32 * 4096 + 9);
    index.add(1, 1);
    return index;
}

TEST(FramesIndex, ComesBackAsItWasWritten) {
    EXPECT_EQ(parse_frames_index(to_bytes(make_index()), "index"), make_index());
}

// The example of FORMAT.md.
TEST(FramesIndex, HasTheBytesOfTheFormat) {
    FramesIndex index;
    index.add(4, 300);
    index.add(1, 40);
    EXPECT_EQ(to_hex(to_bytes(index)),
              "434149524e494458"
              "01000000"
              "02000000"
              "0500000000000000"
              "04002c010000"
              "010028000000");
}

TEST(FramesIndex, CountsBlocksAndOffsets) {
    const FramesIndex index = make_index();
    EXPECT_EQ(index.data_blocks, 37U);
    EXPECT_EQ(index.frames.back(),
              (Frame{.first_block = 36, .blocks = 1, .offset = 17 + 32 * 4096 + 9, .size = 1}));
    EXPECT_EQ(index.frames_size(), index.frames.back().offset + 1);
}

TEST(FramesIndex, RefusesEveryTruncationAndLongerOnes) {
    std::vector<std::uint8_t> bytes = to_bytes(make_index());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_THROW(parse_frames_index(std::span(bytes).first(size), "index"), VerifyError) << size;
    bytes.push_back(0);
    EXPECT_THROW(parse_frames_index(bytes, "index"), VerifyError);
}

// Sizes may be others that are possible too (the signed hash is what proves them): all the rest is refused.
TEST(FramesIndex, RefusesFlippedBytesOfHeaderAndCounts) {
    const std::vector<std::uint8_t> bytes = to_bytes(make_index());
    for (std::size_t place = 0; place < 26; ++place) {
        std::vector<std::uint8_t> changed = bytes;
        changed[place] ^= 0x41;
        EXPECT_THROW(parse_frames_index(changed, "index"), VerifyError) << place;
    }
}

TEST(FramesIndex, RefusesFramesThatCannotBe) {
    for (const auto& [blocks, size] :
         std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 5}, {33, 5}, {1, 0}, {1, 4096 + 1025}}) {
        FramesIndex index;
        index.add(blocks, size);
        index.add(2, 5);
        EXPECT_THROW(parse_frames_index(to_bytes(index), "index"), VerifyError) << blocks << " " << size;
    }
    EXPECT_THROW(parse_frames_index(to_bytes(FramesIndex()), "index"), VerifyError);
}

}  // namespace
}  // namespace cairn::payload
