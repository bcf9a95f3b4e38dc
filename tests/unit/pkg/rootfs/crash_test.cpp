#include <cstdlib>
#include <format>
#include <functional>
#include <gtest/gtest.h>
#include <print>

#include "tests/support/stop_after.h"
#include "tests/unit/pkg/rootfs/root_builder.h"

namespace cairn::rootfs {
namespace {

namespace fs = std::filesystem;
using testing::PackageBuilder;
using testing::run_and_stop_after;
using testing::Stopped;

/// Everything that a person would look at: paths, contents, modes, links, packages, history.
struct State {
    Snapshot files;
    Database database;
    std::vector<HistoryEntry> history;
    bool operator==(const State&) const = default;
};

State read_state(const fs::path& root) {
    const ManagedRoot managed = ManagedRoot::open_to_read(root);
    return {take_snapshot(root), managed.database(), managed.history()};
}

std::string big(char letter) {
    std::string text(700'000, letter);
    for (std::size_t i = 0; i < text.size(); i += 7) text[i] = static_cast<char>('a' + i / 7 % 23);
    return text;
}

/// Several packages in two versions. Between them are files that change, appear and disappear, a directory
/// that becomes a file and a file that becomes a directory, links of both kinds, and a file of several
/// batches.
class Crash : public ::testing::Test {
  protected:
    Crash() {
        one_.file("usr/bin/one", "first", 0755)
            .file("usr/lib/one/data", big('1'))
            .file("usr/lib/one/turns", "file")
            .file("usr/lib/one/dir/inside", "in a directory")
            .symlink("usr/bin/uno", "one")
            .hard_link("usr/bin/eins", "usr/bin/one");
        one_later_.file("usr/bin/one", "second", 0755)
            .file("usr/lib/one/data", big('2'))
            .file("usr/lib/one/turns/inside", "now a directory")
            .file("usr/lib/one/dir", "now a file")
            .file("usr/lib/one/new", "new")
            .symlink("usr/bin/uno", "eins")
            .hard_link("usr/bin/eins", "usr/bin/one");
        two_.file("usr/bin/two", "2", 0755)
            .file("usr/share/two/old", "to go")
            .directory("usr/share/two/empty");
        two_later_.file("usr/bin/two", "2.1", 0755).file("usr/share/two/young", "to come");
        stays_.file("usr/bin/stays", "stays");
    }

    /// Stops `change` after each of its steps, in a copy of the root each time, and recovers.
    void stop_everywhere(const std::string& name, const std::function<void(const fs::path&)>& change) {
        const State before = read_state(root_.path());
        change(copy_root("whole"));
        const State after = read_state(place("whole"));
        ASSERT_NE(before, after);
        std::size_t stops = 0;
        std::size_t recovery_stops = 0;
        std::size_t old_states = 0;
        for (std::size_t step = 1;; ++step) {
            const fs::path root = copy_root("stopped");
            const Stopped result = run_and_stop_after(step, [&] { change(root); });
            ASSERT_FALSE(result.has_failed);
            if (!result.was_stopped) break;
            ++stops;
            const fs::path again = copy_tree(root, place("again"));
            // Once recovered at a stroke, once stopped again and again, one step later each time.
            const State found = recover(root);
            ASSERT_TRUE(found == before || found == after) << name << " stopped after step " << step;
            old_states += found == before ? 1 : 0;
            for (std::size_t last = 1; run_and_stop_after(last, [&] { recover(again); }).was_stopped; ++last)
                ++recovery_stops;
            ASSERT_EQ(recover(again), found) << name << " stopped after step " << step;
            // And it can be changed as if nothing had been.
            if (found == before) change(root);
            State done = read_state(root);
            ASSERT_EQ(done, after) << name << " stopped after step " << step;
        }
        std::println(
            "{}: {} stops, {} found the old state and {} the new one; {} stops more while recovering", name,
            stops, old_states, stops - old_states, recovery_stops);
        EXPECT_GT(old_states, 20U);
        EXPECT_GT(stops - old_states, 10U);
    }

    static State recover(const fs::path& root) {
        ManagedRoot::open(root, "recover");
        EXPECT_FALSE(fs::exists(root / state_path / "work"));
        return read_state(root);
    }

    fs::path place(const std::string& name) const { return root_.path().parent_path() / name; }
    fs::path copy_root(const std::string& name) const { return copy_tree(root_.path(), place(name)); }
    static fs::path copy_tree(const fs::path& from, const fs::path& to) {
        remove_tree(to);
        // Hard links too, which std::filesystem does not keep.
        EXPECT_EQ(std::system(std::format("cp -a '{}' '{}'", from.string(), to.string()).c_str()), 0);
        return to;
    }

    RootBuilder root_;
    PackageBuilder one_{"one", "1.0"};
    PackageBuilder one_later_{"one", "2.0"};
    PackageBuilder two_{"two", "1.0"};
    PackageBuilder two_later_{"two", "2.0"};
    PackageBuilder stays_{"stays"};
};

std::vector<package::PackageReader> open_all(auto&... builders) {
    std::vector<package::PackageReader> packages;
    (packages.push_back(builders.open()), ...);
    return packages;
}

TEST_F(Crash, OfAnInstallIsFinishedOrUndone) {
    root_.change(open_all(stays_));
    const auto packages = open_all(one_, two_);
    stop_everywhere("install", [&](const fs::path& root) { RootBuilder::change_root(root, packages); });
}

TEST_F(Crash, OfAnUpgradeIsFinishedOrUndone) {
    root_.change(open_all(stays_, one_, two_));
    const auto packages = open_all(one_later_, two_later_);
    stop_everywhere("upgrade",
                    [&](const fs::path& root) { RootBuilder::change_root(root, packages, {}, "upgrade"); });
}

TEST_F(Crash, OfARemovalIsFinishedOrUndone) {
    root_.change(open_all(stays_, one_, two_));
    stop_everywhere("removal", [&](const fs::path& root) {
        RootBuilder::change_root(root, {}, {"one", "two"}, "remove");
    });
}

TEST_F(Crash, OfARollbackIsFinishedOrUndone) {
    root_.change(open_all(stays_, one_, two_));
    root_.change(open_all(one_later_, two_later_), {}, "upgrade");
    stop_everywhere("rollback", [&](const fs::path& root) { RootBuilder::roll_back(root, 2); });
}

}  // namespace
}  // namespace cairn::rootfs
