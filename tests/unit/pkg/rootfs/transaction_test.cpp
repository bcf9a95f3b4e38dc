#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <format>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/rootfs/check.h"
#include "tests/support/stop_after.h"
#include "tests/unit/pkg/rootfs/root_builder.h"

namespace cairn::rootfs {
namespace {

namespace fs = std::filesystem;
using package::PackageReader;
using testing::PackageBuilder;
using testing::run_and_stop_after;

std::vector<PackageReader> packages(auto&&... builders) {
    std::vector<PackageReader> opened;
    (opened.push_back(builders.open()), ...);
    return opened;
}

std::string find_error(const auto& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.report();
    }
    return "none";
}

/// What must fail changes nothing.
void expect_refused(const RootBuilder& root, const std::string& word, const auto& action) {
    const Snapshot before = root.snapshot();
    const Database database = ManagedRoot::open_to_read(root.path()).database();
    const std::string report = find_error(action);
    EXPECT_NE(report.find(word), std::string::npos) << report;
    EXPECT_EQ(root.snapshot(), before);
    EXPECT_EQ(ManagedRoot::open_to_read(root.path()).database(), database);
    EXPECT_FALSE(fs::exists(root.path() / state_path / "work"));
}

std::vector<std::string> last_kept(const RootBuilder& root) {
    return ManagedRoot::open_to_read(root.path()).history().back().kept;
}

TEST(Transaction, InstallsSeveralPackagesWithTheirSharedDirectories) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a").file("usr/bin/a", "a", 0755).symlink("usr/bin/link", "a"),
                         PackageBuilder("b").file("usr/bin/b", "b").directory("usr/empty")));
    EXPECT_EQ(root.read("usr/bin/a"), "a");
    EXPECT_EQ(root.read("usr/bin/link"), "a");
    EXPECT_EQ(root.read("usr/bin/b"), "b");
    EXPECT_TRUE(fs::is_directory(root.path() / "usr/empty"));
    const ManagedRoot managed = ManagedRoot::open_to_read(root.path());
    ASSERT_EQ(managed.database().packages.size(), 2U);
    EXPECT_EQ(managed.database().transaction, 1U);
    EXPECT_EQ(managed.installed().at(1).head().identity.name, "b");
    root.change({}, {"a"}, "remove");
    EXPECT_FALSE(root.has("usr/bin/a"));
    EXPECT_FALSE(root.has("usr/bin/link"));
    EXPECT_EQ(root.read("usr/bin/b"), "b");
    root.change({}, {"b"}, "remove");
    EXPECT_FALSE(root.has("usr"));
}

TEST(Transaction, KeepsAFileThatWasChangedLocallyWhenItIsUpgraded) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a", "1").file("usr/mine", "old").file("usr/its", "old")));
    root.write("usr/mine", "changed");
    root.change(packages(PackageBuilder("a", "2").file("usr/mine", "new").file("usr/its", "new")));
    EXPECT_EQ(root.read("usr/mine"), "changed");
    EXPECT_EQ(root.read("usr/its"), "new");
    EXPECT_EQ(last_kept(root), std::vector<std::string>{"usr/mine"});
}

TEST(Transaction, KeepsAFileThatWasChangedLocallyWhenItsPackageIsRemoved) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a").file("usr/share/a/mine", "old").file("usr/share/a/its", "old")));
    root.write("usr/share/a/mine", "changed");
    root.change({}, {"a"}, "remove");
    EXPECT_EQ(root.read("usr/share/a/mine"), "changed");
    EXPECT_FALSE(root.has("usr/share/a/its"));
    EXPECT_EQ(last_kept(root), std::vector<std::string>{"usr/share/a/mine"});
}

TEST(Transaction, BringsBackWhatWasRemovedByHand) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a", "1").file("usr/x", "old")));
    fs::remove(root.path() / "usr/x");
    root.change(packages(PackageBuilder("a", "2").file("usr/x", "new")));
    EXPECT_EQ(root.read("usr/x"), "new");
}

TEST(Transaction, KeepsOneNameOfAFileWhenItsOtherWasChangedLocally) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a", "1").file("usr/x", "old").hard_link("usr/y", "usr/x")));
    fs::remove(root.path() / "usr/x");
    root.write("usr/x", "changed");
    root.change(packages(PackageBuilder("a", "2")
                             .file("usr/x", "new")
                             .hard_link("usr/y", "usr/x")
                             .hard_link("usr/z", "usr/x")));
    EXPECT_EQ(root.read("usr/x"), "changed");
    EXPECT_EQ(root.read("usr/y"), "new");
    EXPECT_TRUE(fs::equivalent(root.path() / "usr/y", root.path() / "usr/z"));
}

TEST(Transaction, RefusesToOverwriteWhatNoPackageHas) {
    const RootBuilder root;
    root.write("usr/bin/a", "somebody's");
    expect_refused(root, "usr/bin/a",
                   [&] { root.change(packages(PackageBuilder("a").file("usr/bin/a", "a"))); });
}

TEST(Transaction, TakesOverAFileThatIsTheSame) {
    const RootBuilder root;
    root.write("usr/bin/a", "a");
    root.change(packages(PackageBuilder("a").file("usr/bin/a", "a", 0755)));
    EXPECT_TRUE(check_root(ManagedRoot::open_to_read(root.path()).root(),
                           std::vector{&ManagedRoot::open_to_read(root.path()).installed().front()},
                           package::Owners::ours)
                    .empty());
}

TEST(Transaction, RefusesTwoPackagesWithOnePath) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a").file("usr/x", "a")));
    const std::string report =
        find_error([&] { root.change(packages(PackageBuilder("b").file("usr/x", "b"))); });
    EXPECT_NE(report.find("packages 'a' and 'b' both claim 'usr/x'"), std::string::npos) << report;
    expect_refused(root, "both claim", [&] {
        root.change(packages(PackageBuilder("c").file("usr/y", "c"), PackageBuilder("d").file("usr/y", "d")));
    });
}

TEST(Transaction, RefusesWhatWouldLeaveAPackageWithoutWhatItNeeds) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("lib").file("usr/lib", "l"),
                         PackageBuilder("tool").file("usr/tool", "t").depends({"lib >= 1.0"})));
    expect_refused(root, "needs 'lib >= 1.0'", [&] { root.change({}, {"lib"}, "remove"); });
    expect_refused(root, "needs 'absent'", [&] {
        root.change(packages(PackageBuilder("x").file("usr/x", "x").depends({"absent"})));
    });
}

TEST(Transaction, DoesNotFollowALinkOutOfTheRoot) {
    const RootBuilder root;
    const fs::path outside = root.path().parent_path() / "outside";
    make_directories(outside);
    make_directories(root.path() / "usr");
    fs::create_symlink(outside, root.path() / "usr/share");
    expect_refused(root, "usr/share",
                   [&] { root.change(packages(PackageBuilder("a").file("usr/share/x", "x"))); });
    EXPECT_TRUE(fs::is_empty(outside));
}

TEST(Transaction, DoesNotFollowALinkThatCameIntoTheWayOfARemoval) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a").file("usr/share/x", "x")));
    const fs::path outside = root.path().parent_path() / "outside";
    make_directories(outside);
    write_file(outside / "x", "x");
    remove_tree(root.path() / "usr/share");
    fs::create_symlink(outside, root.path() / "usr/share");
    root.change({}, {"a"}, "remove");
    EXPECT_EQ(read_file(outside / "x"), "x");
}

TEST(Transaction, RefusesALockedRootAndSaysWhoHasIt) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a").file("usr/x", "x")));
    const ManagedRoot holder = ManagedRoot::open(root.path(), "a long upgrade");
    const std::string report = find_error([&] { ManagedRoot::open(root.path(), "other"); });
    EXPECT_NE(report.find(std::format("process: {} (a long upgrade)", ::getpid())), std::string::npos)
        << report;
}

TEST(Transaction, LeavesARootAloneThatItMayNotWrite) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a").file("usr/x", "x")));
    const auto more = packages(PackageBuilder("b").file("usr/y", "y"));
    fs::permissions(root.path().parent_path(), fs::perms(0755));  // so that the other user gets to it
    const Snapshot before = root.snapshot();
    const auto result = run_and_stop_after(0, [&] {
        if (::geteuid() == 0 && ::setresuid(12345, 12345, 12345) != 0) ::_exit(2);
        root.change(more);
    });
    EXPECT_TRUE(result.has_failed);
    EXPECT_EQ(root.snapshot(), before);
}

TEST(Transaction, LeavesTheOldStateWhenThereIsNoRoom) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a").file("usr/x", "x")));
    const Snapshot before = root.snapshot();
    const auto more =
        packages(PackageBuilder("b").file("usr/small", "y").file("usr/z", std::string(2'000'000, 'z')));
    const auto result = run_and_stop_after(0, [&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{.rlim_cur = 1'000'000, .rlim_max = 1'000'000};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
        root.change(more);
    });
    EXPECT_TRUE(result.has_failed);
    EXPECT_EQ(root.snapshot(), before);
    EXPECT_FALSE(fs::exists(root.path() / state_path / "work"));
    root.change(more);
}

TEST(Transaction, RefusesAPackageWhoseDataIsDamaged) {
    const RootBuilder root;
    PackageBuilder builder("a");
    builder.file("usr/first", "first").file("usr/x", std::string(100'000, 'x'));
    builder.open();
    std::string bytes = read_file(builder.output());
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_file(builder.output(), bytes);
    std::vector<PackageReader> damaged;
    damaged.push_back(package::open_package(builder.output(), package::AllowedKeys::any_signer()));
    make_directories(root.path() / state_path);
    expect_refused(root, "chunk", [&] { root.change(damaged); });
    EXPECT_FALSE(root.has("usr"));
}

/// Between the journal and its steps, somebody puts another file in the place of one that is to be replaced.
TEST(Transaction, IsUndoneWhenSomebodyElseHasChangedTheRootMeanwhile) {
    const RootBuilder root;
    root.change(
        packages(PackageBuilder("a", "1").file("usr/a", "old").file("usr/b", "old").file("usr/c", "old")));
    const auto later =
        packages(PackageBuilder("a", "2").file("usr/a", "new").file("usr/b", "new").file("usr/d", "new"));
    std::size_t step = 1;
    while (run_and_stop_after(step, [&] { root.change(later); }).was_stopped &&
           !fs::exists(root.path() / state_path / "work/journal")) {
        ManagedRoot::open(root.path(), "recover");
        ++step;
    }
    ASSERT_TRUE(fs::exists(root.path() / state_path / "work/journal"));
    EXPECT_EQ(root.read("usr/a"), "old");
    fs::remove(root.path() / "usr/b");
    root.write("usr/b", "somebody's");
    const Snapshot before = root.snapshot();
    // Stopped again and again while it goes back.
    std::size_t stops = 0;
    for (std::size_t last = 1; fs::exists(root.path() / state_path / "work"); ++last)
        stops +=
            run_and_stop_after(last, [&] { ManagedRoot::open(root.path(), "recover"); }).was_stopped ? 1 : 0;
    EXPECT_GT(stops, 3U);
    ManagedRoot::open(root.path(), "recover");
    Snapshot after = root.snapshot();
    for (const auto& [path, text] : before)
        EXPECT_EQ(after[path].substr(after[path].find(':') + 1), text.substr(text.find(':') + 1)) << path;
    EXPECT_EQ(after.size(), before.size());
    EXPECT_EQ(ManagedRoot::open_to_read(root.path()).database().packages.front().version, "1");
}

TEST(Transaction, RollsBackToEachEarlierState) {
    const RootBuilder root;
    std::vector<Snapshot> snapshots{root.snapshot()};
    std::vector<PackageReader> a1 =
        packages(PackageBuilder("a", "1").file("usr/x", "1").file("usr/only1", "1"));
    root.change(a1);
    snapshots.push_back(root.snapshot());
    root.change(packages(PackageBuilder("a", "2").file("usr/x", "2").file("usr/only2", "2")), {}, "upgrade");
    snapshots.push_back(root.snapshot());
    root.change(packages(PackageBuilder("b").file("usr/b", "b")), {"a"});
    snapshots.push_back(root.snapshot());
    RootBuilder::roll_back(root.path(), 3);  // transaction 4
    EXPECT_EQ(root.snapshot(), snapshots[2]);
    RootBuilder::roll_back(root.path(), 2);  // 5
    EXPECT_EQ(root.snapshot(), snapshots[1]);
    RootBuilder::roll_back(root.path(), 4);  // 6: what the third had made
    EXPECT_EQ(root.snapshot(), snapshots[3]);
    RootBuilder::roll_back(root.path(), 1);  // 7
    EXPECT_TRUE(ManagedRoot::open_to_read(root.path()).database().packages.empty());
    EXPECT_FALSE(root.has("usr"));
}

TEST(Transaction, ForgetsContentsOfTransactionsThatAreLongAgo) {
    const RootBuilder root;
    for (int version = 1; version <= 14; ++version)
        root.change(
            packages(PackageBuilder("a", std::to_string(version)).file("usr/x", std::to_string(version))));
    const fs::path state = root.path() / state_path;
    EXPECT_FALSE(fs::exists(state / "kept/4"));
    EXPECT_TRUE(fs::exists(state / "kept/5"));
    EXPECT_EQ(std::distance(fs::directory_iterator(state / "heads"), fs::directory_iterator()), 11);
    expect_refused(root, "too long ago", [&] { RootBuilder::roll_back(root.path(), 4); });
    RootBuilder::roll_back(root.path(), 5);
    EXPECT_EQ(root.read("usr/x"), "4");
    expect_refused(root, "no transaction 99", [&] { RootBuilder::roll_back(root.path(), 99); });
}

TEST(Transaction, RefusesARollbackWhoseContentsWereTakenAway) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a", "1").file("usr/x", "1")));
    root.change(packages(PackageBuilder("a", "2").file("usr/x", "2")));
    for (const auto& kept : fs::directory_iterator(root.path() / state_path / "kept/2"))
        write_file(kept.path(), "7");
    expect_refused(root, "usr/x", [&] { RootBuilder::roll_back(root.path(), 2); });
}

TEST(CheckRoot, NamesEverythingThatDiffers) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a")
                             .file("usr/changed", "1")
                             .file("usr/gone", "1")
                             .file("usr/mode", "1")
                             .file("usr/same", "1")
                             .symlink("usr/link", "same")));
    root.write("usr/changed", "2");
    fs::remove(root.path() / "usr/gone");
    fs::permissions(root.path() / "usr/mode", fs::perms(0600));
    fs::remove(root.path() / "usr/link");
    fs::create_symlink("other", root.path() / "usr/link");
    const ManagedRoot managed = ManagedRoot::open_to_read(root.path());
    const std::vector<Deviation> expected{{"a", "usr/changed", "has other content"},
                                          {"a", "usr/gone", "is missing"},
                                          {"a", "usr/link", "is something else"},
                                          {"a", "usr/mode", "has mode 0600 instead of 0644"}};
    EXPECT_EQ(check_root(managed.root(), std::vector{&managed.installed().front()}, package::Owners::ours),
              expected);
}

TEST(Journal, IsRefusedWithAnyByteChangedOrMissing) {
    const Journal journal{
        .transaction = 7,
        .steps = {
            {.action = Action::put, .item = 3, .path = "usr/a"},
            {.action = Action::attributes, .before = {0700, 1, 2}, .after = {0755, 0, 0}, .path = "usr"}}};
    const std::string text = format_journal(journal);
    EXPECT_EQ(parse_journal(text), journal);
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_THROW(parse_journal(text.substr(0, size)), VerifyError);
    for (std::size_t i = 0; i < text.size() * 8; ++i) {
        std::string damaged = text;
        damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
        EXPECT_THROW(parse_journal(damaged), Error) << i;
    }
}

TEST(Database, RefusesWhatIsNotWholeOrNotItsOwn) {
    const RootBuilder root;
    root.change(packages(PackageBuilder("a").file("usr/a", "a"), PackageBuilder("b").file("usr/b", "b")));
    const fs::path state = root.path() / state_path;
    const std::string text = read_file(state / "installed.json");
    const auto expect_bad = [&](const std::string& bad) {
        write_file(state / "installed.json", bad);
        EXPECT_NE(find_error([&] { ManagedRoot::open_to_read(root.path()); }), "none") << bad;
    };
    expect_bad("");
    expect_bad(text.substr(0, text.size() / 2));
    expect_bad("{}");
    expect_bad(R"({"format": 2, "transaction": 1, "packages": []})");
    expect_bad(R"({"format": 1, "transaction": 1, "packages": [{"name": "../a"}]})");
    write_file(state / "installed.json", text);
    // Another package's file table under this one's name.
    std::vector<fs::path> heads;
    for (const auto& head : fs::directory_iterator(state / "heads")) heads.push_back(head.path());
    ASSERT_EQ(heads.size(), 2U);
    write_file(heads[0], read_file(heads[1]));
    EXPECT_NE(find_error([&] { ManagedRoot::open_to_read(root.path()); }).find("another package"),
              std::string::npos);
}

}  // namespace
}  // namespace cairn::rootfs
