#include "pkg/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "pkg/base/atomic_file.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"

namespace cairn {
namespace {

TEST(AtomicFile, LeavesOldContentWhenNotCommitted) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "a", "old");
    {
        AtomicFile file(directory.path() / "a");
        file.write("new");
    }
    EXPECT_EQ(read_file(directory.path() / "a"), "old");
    EXPECT_EQ(Dir::open(directory.path()).names("").size(), 1u);
}

TEST(AtomicFile, CommitReplacesTheWholeContent) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "a", "something longer");
    replace_file(directory.path() / "a", "new");
    EXPECT_EQ(read_file(directory.path() / "a"), "new");
}

TEST(ReadFile, RefusesMoreThanTheLimit) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "a", "12345");
    EXPECT_EQ(read_file(directory.path() / "a", 5), "12345");
    EXPECT_THROW(read_file(directory.path() / "a", 4), Error);
}

TEST(ReadFile, MakesNoRoomForWhatIsBeyondTheLimit) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "a", "");
    std::filesystem::resize_file(directory.path() / "a", std::uintmax_t{1} << 42);
    EXPECT_THROW(read_file(directory.path() / "a", 1000), Error);
}

TEST(ReadFile, ReadsFilesThatSayTheyAreEmpty) {
    EXPECT_FALSE(read_file("/proc/self/status").empty());
}

TEST(FileLock, SecondHolderIsRefusedUntilTheFirstIsGone) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "lock";
    {
        const FileLock first(path, FileLock::Mode::exclusive);
        EXPECT_FALSE(FileLock::find(path, FileLock::Mode::exclusive));
    }
    EXPECT_TRUE(FileLock::find(path, FileLock::Mode::exclusive));
}

TEST(Dir, NeverFollowsALinkOut) {
    const TemporaryDirectory directory;
    const TemporaryDirectory outside;
    write_file(outside.path() / "secret", "x");
    const Dir dir = Dir::open(directory.path());
    dir.make_symlink(outside.path().string(), "link");
    EXPECT_THROW(dir.open_file("link/secret", O_RDONLY), SystemError);
    EXPECT_THROW(dir.open_file("link/new", O_WRONLY | O_CREAT), SystemError);
    EXPECT_THROW(dir.remove_file("link/secret"), SystemError);
    EXPECT_TRUE(find_file(outside.path() / "secret"));
}

TEST(Dir, RefusesPathsThatClimb) {
    const TemporaryDirectory directory;
    const Dir dir = Dir::open(directory.path());
    for (const char* path : {"", "/etc", "..", "a/../b", "a//b", "./a", "a/"})
        EXPECT_THROW(dir.make_directory(path, 0755), VerifyError) << path;
}

TEST(Dir, StatusOfAFinalLinkIsTheLink) {
    const TemporaryDirectory directory;
    const Dir dir = Dir::open(directory.path());
    dir.make_symlink("nowhere", "link");
    ASSERT_TRUE(dir.find_status("link"));
    EXPECT_TRUE(S_ISLNK(dir.find_status("link")->st_mode));
    EXPECT_EQ(dir.read_link("link"), "nowhere");
    EXPECT_FALSE(dir.find_status("missing"));
}

}  // namespace
}  // namespace cairn
