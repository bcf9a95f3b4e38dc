#include <print>

#include "pkg/base/process.h"
#include "tests/unit/installer/update/slot_fixture.h"

namespace cairn::update {
namespace {

namespace fs = std::filesystem;

/// Two EROFS images as mkfs.erofs makes them: this source tree, and the same with a few files changed.
class RealRoot : public SlotTest {
  protected:
    std::string make_image(const std::string& name) {
        const fs::path image = directory_.path() / (name + ".img");
        run_command_checked({.arguments = {mkfs_->string(), "-E", "noinline_data", "-T", "0", "-U",
                                           "11111111-2222-4333-8444-555555555555", image.string(),
                                           (directory_.path() / "tree").string()}});
        return read_file(image);
    }
    void SetUp() override {
        mkfs_ = find_program("mkfs.erofs");
        if (!mkfs_) GTEST_SKIP() << "mkfs.erofs is not installed";
        const fs::path tree = directory_.path() / "tree";
        make_directories(tree);
        for (const char* folder : {"pkg", "images", "docs"})
            fs::copy(fs::path(CAIRN_SOURCE_DIR) / folder, tree / folder, fs::copy_options::recursive);
        old_root_ = make_image("old");
        write_file(tree / "pkg/README.md", std::string(9000, 'x'));
        write_file(tree / "docs/new.md", testing::make_root(3, 7));
        fs::remove(tree / "images/README.md");
        new_root_ = make_image("new");
        ASSERT_LE(std::max(old_root_.size(), new_root_.size()), slot_blocks * block_size);
        write_slot("running", old_root_, testing::make_verity(testing::make_tree_of(old_root_)));
        write_slot("idle", "", "");
        publish(new_root_);
        running_ = open("running", O_RDONLY);
        idle_ = open("idle", O_RDWR);
    }
    std::optional<fs::path> mkfs_;
};

TEST_F(RealRoot, IsWrittenFromTheRunningOneAndAFewFetchedBlocks) {
    const FillResult result = fill();
    expect_idle_is_whole();
    std::println("{} blocks: {} copied, {} fetched; received: tree {}, index {}, frames {} of {}",
                 wanted_.data_blocks, result.blocks_copied, result.blocks_fetched, result.bytes_of_tree,
                 result.bytes_of_index, result.bytes_of_frames, wanted_.frames_size);
    EXPECT_GT(result.blocks_copied, wanted_.data_blocks / 2);
    EXPECT_LT(result.bytes_of_frames, wanted_.frames_size / 2);
}

}  // namespace
}  // namespace cairn::update
