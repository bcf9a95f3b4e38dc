#include "pkg/package/extract.h"

#include <sys/stat.h>
#include <unistd.h>

#include <format>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/support/package_builder.h"

namespace cairn::package {
namespace {

using testing::PackageBuilder;

void fill(PackageBuilder& builder) {
    std::string large(3'000'000, '\0');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7919 >> 5);
    builder.file("usr/bin/large", large, 0755).file("usr/share/empty", "");
    for (int i = 0; i < 40; ++i) builder.file(std::format("usr/share/{}/file", i), std::string(i * 311, 'x'));
    builder.symlink("usr/bin/alias", "large").hard_link("usr/share/hard", "usr/share/7/file");
    builder.file("top", "level");
}

TEST(Extract, GivesBackTheTree) {
    PackageBuilder builder("tool");
    fill(builder);
    const TemporaryDirectory target;
    extract_package(builder.open(), Dir::open(target.path()));
    EXPECT_EQ(archive::scan_tree(target.path()), builder.tree());
}

TEST(Extract, SetsModesThatForbidWriting) {
    PackageBuilder builder("tool");
    fill(builder);
    archive::FileTree tree = builder.tree();
    for (const char* path : {"usr/bin/large", "usr/share/3/file", "usr/share/empty"})
        tree.find(path)->mode = 0444;
    tree.find("usr/bin")->mode = 0555;
    const TemporaryDirectory target;
    extract_package(builder.open(tree), Dir::open(target.path()));
    for (const char* path : {"usr/bin/large", "usr/share/3/file", "usr/share/empty", "usr/bin"}) {
        struct stat status{};
        ASSERT_EQ(::stat((target.path() / path).c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, tree.find(path)->mode) << path;
    }
}

TEST(Extract, ReplacesNothingAndFollowsNoLink) {
    PackageBuilder builder("tool");
    builder.file("usr/bin/tool", "new");
    const PackageReader package = builder.open();
    const TemporaryDirectory occupied;
    make_directories(occupied.path() / "usr/bin");
    write_file(occupied.path() / "usr/bin/tool", "old");
    EXPECT_THROW(extract_package(package, Dir::open(occupied.path())), SystemError);
    EXPECT_EQ(read_file(occupied.path() / "usr/bin/tool"), "old");

    const TemporaryDirectory outside;
    const TemporaryDirectory linked;
    std::filesystem::create_directory_symlink(outside.path(), linked.path() / "usr");
    EXPECT_THROW(extract_package(package, Dir::open(linked.path())), Error);
    EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
}

TEST(Extract, ExactOwnersAreThoseOfThePackage) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    PackageBuilder builder("tool");
    builder.file("usr/ping", "x", 0755).symlink("usr/alias", "ping");
    archive::FileTree tree = builder.tree();
    for (const char* path : {"usr", "usr/ping", "usr/alias"}) tree.find(path)->uid = 65534;
    const TemporaryDirectory target;
    extract_package(builder.open(tree), Dir::open(target.path()), Owners::exact);
    for (const char* path : {"usr", "usr/ping", "usr/alias"}) {
        struct stat status{};
        ASSERT_EQ(::lstat((target.path() / path).c_str(), &status), 0);
        EXPECT_EQ(status.st_uid, 65534U) << path;
    }
}

}  // namespace
}  // namespace cairn::package
