#include "pkg/archive/tree.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <format>
#include <functional>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::archive {
namespace {

/// A stage with one of everything that may be there.
struct Stage {
    TemporaryDirectory directory;
    std::filesystem::path path = directory.path() / "stage";

    Stage() {
        make_directories(path / "usr/bin");
        make_directories(path / "usr-x");  // sorts between "usr" and "usr/bin"
        write_file(path / "usr/bin/tool", "#!/bin/sh\n", 0755);
        write_file(path / "usr/data", "data", 0640);
        std::filesystem::create_symlink("tool", path / "usr/bin/alias");
        std::filesystem::create_hard_link(path / "usr/data", path / "usr/bin/zz-same");
    }
};

TEST(ScanTree, FindsEverythingSortedAndNormalised) {
    const Stage stage;
    const FileTree tree = scan_tree(stage.path);
    const auto data = crypto::hash_blake2b("data");
    const FileTree expected{{
        {.path = "usr", .kind = Kind::directory, .mode = 0755},
        {.path = "usr-x", .kind = Kind::directory, .mode = 0755},
        {.path = "usr/bin", .kind = Kind::directory, .mode = 0755},
        {.path = "usr/bin/alias", .kind = Kind::symlink, .mode = 0777, .target = "tool"},
        {.path = "usr/bin/tool", .mode = 0755, .size = 10, .content = crypto::hash_blake2b("#!/bin/sh\n")},
        {.path = "usr/bin/zz-same", .mode = 0644, .size = 4, .content = data},
        {.path = "usr/data", .kind = Kind::hard_link, .mode = 0644, .target = "usr/bin/zz-same"},
    }};
    EXPECT_EQ(tree, expected);
    EXPECT_EQ(tree.content_size(), 14U);
    EXPECT_EQ(tree.find("usr/bin/tool")->mode, 0755U);
    EXPECT_EQ(tree.find("usr/bin/too"), nullptr);
    EXPECT_EQ(scan_tree(stage.path), tree);
}

TEST(ScanTree, DoesNotDependOnTheMachine) {
    const Stage one;
    const Stage other;
    std::filesystem::permissions(other.path / "usr/data", std::filesystem::perms(0600));
    std::filesystem::permissions(other.path / "usr", std::filesystem::perms(0700));
    EXPECT_EQ(hash_tree(scan_tree(one.path)), hash_tree(scan_tree(other.path)));
}

TEST(ScanTree, RefusesWhatAPackageCannotHold) {
    const auto expect_refused = [](const std::function<void(const std::filesystem::path&)>& spoil) {
        const Stage stage;
        spoil(stage.path);
        EXPECT_THROW(scan_tree(stage.path), Error);
    };
    expect_refused([](const auto& path) { ASSERT_EQ(::chmod((path / "usr/bin/tool").c_str(), 04755), 0); });
    expect_refused([](const auto& path) { ASSERT_EQ(::chmod((path / "usr/bin/tool").c_str(), 02755), 0); });
    expect_refused([](const auto& path) { ASSERT_EQ(::mkfifo((path / "usr/pipe").c_str(), 0644), 0); });
    expect_refused([](const auto& path) { write_file(path / "new\nline", ""); });
    expect_refused([](const auto& path) { write_file(path / "\xff", ""); });
    if (::geteuid() == 0)
        expect_refused([](const auto& path) {
            ASSERT_EQ(::mknod((path / "null").c_str(), S_IFCHR | 0644, makedev(1, 3)), 0);
        });
}

TEST(HashTree, SeesEveryField) {
    const FileEntry file{.path = "a", .mode = 0644, .size = 1, .content = crypto::hash_blake2b("a")};
    const auto hash_with = [&](const std::function<void(FileEntry&)>& change) {
        FileTree tree{{file}};
        change(tree.entries[0]);
        return hash_tree(tree);
    };
    const auto same = hash_with([](FileEntry&) {});
    EXPECT_EQ(same, hash_tree(FileTree{{file}}));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.path = "b"; }));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.kind = Kind::directory; }));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.mode = 0755; }));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.uid = 1; }));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.gid = 1; }));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.size = 2; }));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.target = "b"; }));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.content = crypto::hash_blake2b("b"); }));
    EXPECT_NE(same, hash_with([](FileEntry& e) { e.xattrs = {{"user.a", ""}}; }));
    EXPECT_NE(hash_with([](FileEntry& e) { e.xattrs = {{"user.a", "b"}}; }),
              hash_with([](FileEntry& e) { e.xattrs = {{"user.ab", ""}}; }));
    EXPECT_NE(same, hash_tree(FileTree{{file, file}}));
}

/// A whole tree, and ways to spoil it.
FileTree good_tree() {
    return {{
        {.path = "d", .kind = Kind::directory, .mode = 0755},
        {.path = "d/file", .mode = 0644, .size = 1, .content = crypto::hash_blake2b("a")},
        {.path = "d/hard", .kind = Kind::hard_link, .mode = 0644, .target = "d/file"},
        {.path = "d/soft", .kind = Kind::symlink, .mode = 0777, .target = "file"},
    }};
}

TEST(CheckTree, TakesAGoodTreeAndRefusesEverySpoiltOne) {
    EXPECT_NO_THROW(check_tree(good_tree()));
    EXPECT_NO_THROW(check_tree({}));
    const auto expect_refused = [](const char* what,
                                   const std::function<void(std::vector<FileEntry>&)>& spoil) {
        FileTree tree = good_tree();
        spoil(tree.entries);
        EXPECT_THROW(check_tree(tree), VerifyError) << what;
    };
    using Entries = std::vector<FileEntry>;
    expect_refused("order", [](Entries& e) { std::swap(e[1], e[3]); });
    expect_refused("twice", [](Entries& e) { e.insert(e.begin() + 1, e[1]); });
    expect_refused("no parent", [](Entries& e) { e.erase(e.begin()); });
    expect_refused("parent no directory", [](Entries& e) {
        e.push_back({.path = "d/soft/x", .kind = Kind::directory, .mode = 0755});
    });
    for (const char* path : {"", "/d", "../d", ".", "c//d", "c/../d", "c/", "c\n", "\xc0\xaf"})
        expect_refused(path, [&](Entries& e) {
            e.insert(e.begin(), {.path = path, .kind = Kind::directory, .mode = 0755});
        });
    expect_refused("long", [](Entries& e) {
        e.push_back({.path = std::string(300, 'e'), .kind = Kind::directory, .mode = 0755});
    });
    expect_refused("setuid", [](Entries& e) { e[1].mode = 04755; });
    expect_refused("setgid directory", [](Entries& e) { e[0].mode = 02755; });
    expect_refused("sticky file", [](Entries& e) { e[1].mode = 01644; });
    expect_refused("symlink mode", [](Entries& e) { e[3].mode = 0644; });
    expect_refused("directory with size", [](Entries& e) { e[0].size = 1; });
    expect_refused("link with content", [](Entries& e) { e[3].content = e[1].content; });
    expect_refused("link to nowhere", [](Entries& e) { e[3].target.clear(); });
    expect_refused("NUL in link", [](Entries& e) { e[3].target = std::string("a\0b", 3); });
    expect_refused("file with target", [](Entries& e) { e[1].target = "x"; });
    expect_refused("hard link to nothing", [](Entries& e) { e[2].target = "d/none"; });
    expect_refused("hard link to a directory", [](Entries& e) { e[2].target = "d"; });
    expect_refused("hard link to itself", [](Entries& e) { e[2].target = "d/hard"; });
    expect_refused("hard link of another owner", [](Entries& e) { e[2].uid = 7; });
    expect_refused("xattr order", [](Entries& e) { e[1].xattrs = {{"user.b", ""}, {"user.a", ""}}; });
    expect_refused("xattr name", [](Entries& e) { e[1].xattrs = {{"user.a=b", ""}}; });
    expect_refused("xattr size", [](Entries& e) { e[1].xattrs = {{"user.a", std::string(5000, 'x')}}; });
    expect_refused("too large", [](Entries& e) { e[1].size = TreeLimits::file + 1; });
    expect_refused("too large together", [](Entries& e) {
        for (int i = 0; i < 5; ++i)
            e.push_back({.path = std::format("e{}", i),
                         .mode = 0644,
                         .size = TreeLimits::file,
                         .content = e[1].content});
    });
}

TEST(PlainText, IsUtf8WithoutControls) {
    for (const char* good : {"", "a", "ő", "€", "😀"}) EXPECT_TRUE(is_plain_text(good)) << good;
    for (const char* bad : {"\t", "\x7f", "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x82"})
        EXPECT_FALSE(is_plain_text(bad));
}

}  // namespace
}  // namespace cairn::archive
