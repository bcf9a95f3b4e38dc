#include "installer/disks/file_systems.h"

#include <fcntl.h>
#include <stdlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"

/// With the real tools of e2fsprogs on a file.
namespace cairn::disks {
namespace {

constexpr std::uint64_t size = std::uint64_t{64} << 20;
constexpr std::size_t first_blocks = 64 * 1024;  // superblock, descriptors, and what follows them

class Ext4 : public ::testing::Test {
  protected:
    Ext4() {
        ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);  // people have no sbin in theirs
        write_file(file_, "");
        std::filesystem::resize_file(file_, size);
        make_ext4(file_, "data");
        debug("write /proc/self/status kept");
        debug("mkdir folder");
    }
    std::string debug(const std::string& request) const {
        return run_command_checked({.arguments = {"debugfs", "-w", "-R", request, file_.string()}});
    }
    void overwrite(std::uint64_t offset, std::size_t count) const {
        const Fd fd = open_file(file_, O_RDWR);
        const std::string garbage(count, '\x5a');
        write_all_at(fd.get(), std::span(reinterpret_cast<const std::uint8_t*>(garbage.data()), count),
                     offset, file_.string());
    }

    TemporaryDirectory work_;
    std::filesystem::path file_ = work_.path() / "data.img";
};

TEST_F(Ext4, IsCleanWhenItWasJustMade) {
    EXPECT_EQ(check_ext4(file_), CheckResult::clean);
}

TEST_F(Ext4, IsRebuiltFromABackupOfItsSuperblock) {
    overwrite(0, 4096);
    EXPECT_EQ(check_ext4(file_), CheckResult::rebuilt);
    EXPECT_EQ(check_ext4(file_), CheckResult::clean);
    EXPECT_THAT(debug("ls -p /"), ::testing::HasSubstr("/kept/"));
}

TEST_F(Ext4, ThatLostItsFirstTreesIsMadeUsableAgain) {
    overwrite(0, first_blocks);
    EXPECT_EQ(check_ext4(file_), CheckResult::rebuilt);
    EXPECT_EQ(check_ext4(file_), CheckResult::clean);
}

TEST_F(Ext4, ThatIsNoneAnyMoreIsSaidAndNotMadeAnew) {
    overwrite(0, size);
    try {
        check_ext4(file_);
        ADD_FAILURE() << "garbage is no file system";
    } catch (const CommandError& error) {
        EXPECT_THAT(error.report(), ::testing::HasSubstr("cannot be repaired"));
        EXPECT_THAT(error.report(), ::testing::HasSubstr("superblock"));
    }
    EXPECT_EQ(read_file(file_), std::string(size, '\x5a'));
}

}  // namespace
}  // namespace cairn::disks
