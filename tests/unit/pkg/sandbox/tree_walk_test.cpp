#include "pkg/sandbox/tree_walk.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <format>
#include <gtest/gtest.h>
#include <string>

#include "pkg/base/fd.h"
#include "pkg/base/files.h"

namespace cairn::sandbox {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
}

TEST(MeasureTree, CountsWhatIsOnDisk) {
    const TemporaryDirectory folder;
    const std::uint64_t empty = measure_tree(folder.path());
    make_directories(folder.path() / "a/b");
    write_file(folder.path() / "a/b/file", std::string(1 << 20, 'x'));
    fs::create_hard_link(folder.path() / "a/b/file", folder.path() / "again");
    fs::create_symlink("/usr", folder.path() / "link");
    const Fd sparse = open_file(folder.path() / "sparse", O_WRONLY | O_CREAT);
    ASSERT_EQ(::ftruncate(sparse.get(), 1L << 40), 0);
    const std::uint64_t full = measure_tree(folder.path());
    EXPECT_GE(full - empty, 1U << 20);
    EXPECT_LT(full - empty, (1U << 20) + 65536) << "hard links once, links not followed, holes not at all";
}

TEST(MeasureTree, StopsWhenItIsEnough) {
    const TemporaryDirectory folder;
    for (int i = 0; i < 50; ++i) write_file(folder.path() / std::to_string(i), std::string(100'000, 'x'));
    const std::uint64_t sum = measure_tree(folder.path(), 300'000);
    EXPECT_GT(sum, 300'000U);
    EXPECT_LT(sum, 600'000U);
}

TEST(MeasureTree, GoesDeeperThanPathsAndDescriptorsReach) {
    const TemporaryDirectory folder;
    const std::string name(100, 'd');
    Fd current = open_file(folder.path(), O_RDONLY | O_DIRECTORY);
    for (int depth = 0; depth < 100; ++depth) {
        ASSERT_EQ(::mkdirat(current.get(), name.c_str(), 0755), 0);
        current = Fd(::openat(current.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    const Fd file(::openat(current.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 04711));
    write_all(file.get(), std::string(1 << 20, 'x'), "file");
    current.reset();

    struct rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few{50, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    EXPECT_GE(measure_tree(folder.path()), 1U << 20);
    take_tree_back(folder.path());
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    struct stat status{};
    ASSERT_EQ(::fstat(file.get(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0711U);
}

TEST(TakeTreeBack, MakesEverythingReadableAndTakesSetBits) {
    const TemporaryDirectory folder;
    make_directories(folder.path() / "locked/inner");
    for (const char* name : {"program", "group", "secret", "locked/inner/file"})
        write_file(folder.path() / name, "x");
    for (const auto& [name, mode] : {std::pair("program", 04755),
                                     {"group", 02755},
                                     {"secret", 0},
                                     {"locked/inner/file", 0},
                                     {"locked/inner", 0},
                                     {"locked", 0}})
        ASSERT_EQ(::chmod((folder.path() / name).c_str(), static_cast<mode_t>(mode)), 0);
    take_tree_back(folder.path());
    EXPECT_EQ(mode_of(folder.path() / "program"), 0755U);
    EXPECT_EQ(mode_of(folder.path() / "group"), 0755U);
    EXPECT_EQ(mode_of(folder.path() / "secret"), 0400U);
    EXPECT_EQ(mode_of(folder.path() / "locked"), 0500U);
    EXPECT_EQ(mode_of(folder.path() / "locked/inner"), 0500U);
    EXPECT_EQ(mode_of(folder.path() / "locked/inner/file"), 0400U);
}

TEST(TakeTreeBack, TouchesNothingThatALinkNames) {
    const TemporaryDirectory folder, outside;
    write_file(outside.path() / "program", "x");
    ASSERT_EQ(::chmod((outside.path() / "program").c_str(), 04755), 0);
    fs::create_symlink(outside.path() / "program", folder.path() / "file");
    fs::create_symlink(outside.path(), folder.path() / "directory");
    take_tree_back(folder.path());
    EXPECT_EQ(mode_of(outside.path() / "program"), 04755U);
}

TEST(GiveTree, ChangesOwnersBackAndForth) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
    const TemporaryDirectory folder, outside;
    make_directories(folder.path() / "a");
    write_file(folder.path() / "a/file", "x");
    fs::create_symlink(outside.path(), folder.path() / "link");
    const auto owner = [](const fs::path& path) {
        struct stat status{};
        EXPECT_EQ(::lstat(path.c_str(), &status), 0);
        return status.st_uid;
    };
    give_tree(folder.path(), 12345, 12345);
    for (const char* name : {"", "a", "a/file", "link"})
        EXPECT_EQ(owner(folder.path() / name), 12345U) << name;
    EXPECT_EQ(owner(outside.path()), 0U);
    take_tree_back(folder.path());
    for (const char* name : {"", "a", "a/file", "link"}) EXPECT_EQ(owner(folder.path() / name), 0U) << name;
}

}  // namespace
}  // namespace cairn::sandbox
