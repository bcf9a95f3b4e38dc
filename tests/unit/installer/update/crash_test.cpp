#include "tests/support/stop_after.h"
#include "tests/unit/installer/update/slot_fixture.h"

namespace cairn::update {
namespace {

/// Whatever stands below a valid superblock must be what it names: an older root too.
class Crash : public SlotTest {
  protected:
    void expect_superblock_is_true() const {
        const std::string bytes = read_file(directory_.path() / "idle");
        if (!has_superblock()) return;
        for (const std::string& root : {old_root_, new_root_}) {
            const std::string verity = testing::make_verity(testing::make_tree_of(root));
            if (bytes.substr(verity_offset, block_size) != verity.substr(0, block_size)) continue;
            EXPECT_TRUE(bytes.substr(verity_offset, verity.size()) == verity);
            EXPECT_TRUE(bytes.substr(root_offset, root.size()) == root);
            return;
        }
        FAIL() << "a superblock of neither root";
    }
};

TEST_F(Crash, StoppedAfterAnyWriteTheNextRunEndsItAndNoSuperblockLies) {
    // The idle slot held the old root whole, as after an update before this one.
    const auto reset = [&] {
        write_slot("idle", old_root_, testing::make_verity(testing::make_tree_of(old_root_)));
        idle_ = open("idle", O_RDWR);
    };
    reset();
    const std::string running = read_file(directory_.path() / "running");
    const FillRequest whole = request();
    const std::size_t steps = testing::run_and_stop_after(0, [&] { fill(whole); }).steps;
    ASSERT_GT(steps, 20U);
    expect_idle_is_whole();
    for (std::size_t step = 1; step <= steps; ++step) {
        reset();
        const FillRequest stopped = request();
        const testing::Stopped result = testing::run_and_stop_after(step, [&] { fill(stopped); });
        ASSERT_FALSE(result.has_failed);
        expect_superblock_is_true();
        if (HasFailure()) FAIL() << "stopped after " << step << " of " << steps;
        fill();
        expect_idle_is_whole();
        if (HasFailure()) FAIL() << "gone on after " << step << " of " << steps;
    }
    EXPECT_TRUE(read_file(directory_.path() / "running") == running);
    RecordProperty("steps", static_cast<int>(steps));
}

}  // namespace
}  // namespace cairn::update
