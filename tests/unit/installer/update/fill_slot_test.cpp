#include "installer/update/fill_slot.h"

#include "tests/unit/installer/update/slot_fixture.h"

namespace cairn::update {
namespace {

using FillSlot = SlotTest;

TEST_F(FillSlot, CopiesWhatTheRunningSlotHasAndFetchesTheRest) {
    const FillResult result = fill();
    expect_idle_is_whole();
    EXPECT_EQ(result.blocks_kept + result.blocks_zero + result.blocks_copied + result.blocks_fetched,
              wanted_.data_blocks);
    EXPECT_GT(result.blocks_copied, 600U);
    EXPECT_LE(result.blocks_fetched, 97U);
    EXPECT_LT(result.bytes_of_frames, wanted_.frames_size / 4);
}

// The first 384 leaves are in three nodes that the running tree has, too.
TEST_F(FillSlot, FetchesNoNodeOfTheTreeThatItHas) {
    const FillResult result = fill();
    EXPECT_EQ(result.nodes_kept, 3U);
    EXPECT_EQ(result.nodes_kept + result.nodes_fetched, wanted_.tree_size / block_size);
    EXPECT_EQ(result.bytes_of_tree, result.nodes_fetched * block_size);
}

TEST_F(FillSlot, FetchesEverythingWithoutARunningSlot) {
    FillRequest all = request();
    all.running.reset();
    const FillResult result = fill(all);
    expect_idle_is_whole();
    EXPECT_EQ(result.blocks_copied, 0U);
    EXPECT_EQ(result.bytes_of_tree, wanted_.tree_size);
    EXPECT_LE(result.bytes_of_frames, wanted_.frames_size);
}

TEST_F(FillSlot, FetchesNothingForASlotThatHoldsItAlready) {
    fill();
    const FillResult again = fill();
    expect_idle_is_whole();
    EXPECT_EQ(again.bytes_fetched(), 0U);
    EXPECT_EQ(again.requests, 0U);
    EXPECT_EQ(again.blocks_kept, wanted_.data_blocks);
}

TEST_F(FillSlot, CountsTheBytesThatTheServerSent) {
    const FillResult result = fill();
    EXPECT_GE(server_.bytes_sent(), result.bytes_fetched());
    EXPECT_LT(server_.bytes_sent(), result.bytes_fetched() + result.requests * 300);
    EXPECT_EQ(server_.requests().size(), result.requests);
}

TEST_F(FillSlot, WorksWithAServerWithoutRangesInOnePassOverEachFile) {
    for (const char* ending : {".tree", ".frames", ".frames.idx"})
        server_.serve(path_of(ending), {.content = payload_file(ending), .has_ranges = false});
    fill();
    expect_idle_is_whole();
    const std::vector<std::string> requests = server_.requests();
    for (const char* ending : {".tree", ".frames"})
        EXPECT_EQ(std::ranges::count_if(requests,
                                        [&](const std::string& request) {
                                            return request.find(path_of(ending) + " ") != std::string::npos ||
                                                   request.ends_with(path_of(ending));
                                        }),
                  2)
            << ending << ": one that asks for a part, one for all";
}

TEST_F(FillSlot, FetchesWhatTheRunningSlotHoldsOtherwiseThanItsTreeSays) {
    std::string bytes = read_file(directory_.path() / "running");
    for (const std::uint64_t block : {10, 11, 500}) bytes[root_offset + block * block_size] ^= 1;
    write_file(directory_.path() / "running", bytes);
    const FillResult sound = fill();
    expect_idle_is_whole();
    EXPECT_GE(sound.blocks_fetched, 90U);
}

TEST_F(FillSlot, BelievesNothingOfTheRunningTree) {
    std::string bytes = read_file(directory_.path() / "running");
    for (std::uint64_t at = verity_offset; at < verity_offset + verity_blocks * block_size; at += 97)
        bytes[at] ^= 4;
    write_file(directory_.path() / "running", bytes);
    fill();
    expect_idle_is_whole();
}

TEST_F(FillSlot, TakesARootOfOneBlock) {
    new_root_ = testing::make_root(1, 9);
    publish(new_root_);
    fill();
    expect_idle_is_whole();
}

TEST_F(FillSlot, TellsHowFarItIs) {
    FillRequest telling = request();
    std::uint64_t last = 0;
    telling.on_progress = [&](const FillProgress& progress) {
        EXPECT_GT(progress.blocks_done, last);
        EXPECT_EQ(progress.blocks, wanted_.data_blocks);
        last = progress.blocks_done;
    };
    fill(telling);
    EXPECT_EQ(last, wanted_.data_blocks);
}

/// A disk that changes what was written before the slot is read back.
TEST_F(FillSlot, RefusesADiskThatDoesNotHoldWhatWasWritten) {
    FillRequest spoiled = request();
    spoiled.on_progress = [&](const FillProgress& progress) {
        const std::string bad = "bad";
        if (progress.blocks_done == progress.blocks)
            write_all_at(idle_.get(), testing::bytes_of(bad), root_offset + 5 * block_size, "idle");
    };
    try {
        fill(spoiled);
        FAIL() << "no error";
    } catch (const VerifyError& error) {
        EXPECT_THAT(error.message(), ::testing::HasSubstr("does not hold what was written to it"));
    }
    EXPECT_FALSE(has_superblock());
    const FillResult again = fill();
    expect_idle_is_whole();
    EXPECT_EQ(again.blocks_kept, wanted_.data_blocks - 1);
}

TEST_F(FillSlot, WritesTheTreeOfWhatItReadBack) {
    FillRequest spoiled = request();
    spoiled.on_progress = [&](const FillProgress&) {
        const std::string bad = "bad";
        write_all_at(idle_.get(), testing::bytes_of(bad), verity_offset + 3 * block_size, "idle");
    };
    fill(spoiled);
    expect_idle_is_whole();
}

TEST_F(FillSlot, NeverWritesIntoTheRunningSlot) {
    const std::string before = read_file(directory_.path() / "running");
    const Fd writable = open("running", O_RDWR);
    FillRequest mixed_up = request();
    mixed_up.idle = slot_of(writable, "running");
    EXPECT_THROW(fill(mixed_up), UsageError);
    EXPECT_TRUE(read_file(directory_.path() / "running") == before);
}

TEST_F(FillSlot, WritesNothingIntoASlotThatIsTooSmall) {
    const std::string before = read_file(directory_.path() / "idle");
    FillRequest small_root = request();
    small_root.idle.root.size = (wanted_.data_blocks - 1) * block_size;
    EXPECT_THROW(fill(small_root), UsageError);
    FillRequest small_tree = request();
    small_tree.idle.verity.size = wanted_.tree_size;
    EXPECT_THROW(fill(small_tree), UsageError);
    FillRequest none = request();
    none.wanted.data_blocks = 0;
    EXPECT_THROW(fill(none), UsageError);
    EXPECT_TRUE(read_file(directory_.path() / "idle") == before);
}

}  // namespace
}  // namespace cairn::update
