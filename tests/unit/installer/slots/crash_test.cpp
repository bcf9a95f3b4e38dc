#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <print>
#include <set>

#include "installer/slots/deny_list.h"
#include "installer/slots/trial_steps.h"
#include "tests/support/stop_after.h"
#include "tests/unit/installer/slots/boot_folder.h"

namespace cairn::slots {
namespace {

namespace fs = std::filesystem;
using testing::run_and_stop_after;
using testing::Stopped;

/// A machine's ESP folder and data partition, and one step that changes them.
struct Case {
    std::string name;
    std::vector<std::string> files;
    std::set<std::string> good;       // versions known to be good, whose files no stop may harm
    std::set<std::string> untouched;  // files that the step must not even move
    std::vector<std::string> result;  // files in the end
    std::function<void(const BootState&)> step;
};

class Machine {
  public:
    explicit Machine(const fs::path& place) : place_(place) {}
    fs::path folder() const { return place_ / "Linux"; }
    fs::path record() const { return place_ / "boots"; }
    fs::path deny_list() const { return place_ / "denied.json"; }
    void run(const std::function<void(const BootState&)>& step) const {
        BootFiles files(Dir::open(folder()));
        step({.files = files, .record = record(), .deny_list = deny_list(), .boot = "b", .time = 7});
    }
    Machine copy_to(const fs::path& place) const {
        remove_tree(place);
        fs::copy(place_, place, fs::copy_options::recursive);
        return Machine(place);
    }
    /// All that is there in the end. A record may tell one thing twice: what it says is compared instead.
    std::string look() const {
        std::string text;
        for (const std::string& name : Dir::open(folder()).names(""))
            text += std::format("{} {}\n", name, std::hash<std::string>()(read_file(folder() / name)));
        if (fs::exists(deny_list())) text += read_file(deny_list());
        const auto events = read_boot_record(record());
        if (!events.empty())
            text += std::format("{} {}", static_cast<int>(events.back().kind), events.back().message);
        return text;
    }

  private:
    fs::path place_;
};

FailedTrial failed_2() {
    return {.image = v2, .root_hash = "r2", .tries = 3, .attempts = 3};
}

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"stage",
         {"base_1.0.efi"},
         {"1.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi", "base_2.0.efi.staged"},
         [](const BootState& s) { s.files.stage(v2, write_whole(v2)); }},
        {"stage again",
         {"base_1.0.efi", "base_2.0.efi.staged", "base_2.0.efi.part"},
         {"1.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi", "base_2.0.efi.staged"},
         [](const BootState& s) { s.files.stage(v2, write_whole(v2)); }},
        {"start a trial",
         {"base_1.0.efi", "base_2.0.efi.staged"},
         {"1.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi", "base_2.0+3-0.efi"},
         [](const BootState& s) { start_trial(s, v2, "r2"); }},
        {"take back",
         {"base_1.0.efi", "base_2.0+3-0.efi"},
         {"1.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi", "base_2.0.efi.staged"},
         [](const BootState& s) {
             if (find_on_trial(s.files.list(), v2)) s.files.take_back(v2);
         }},
        {"count a try",
         {"base_1.0.efi", "base_2.0+3-0.efi"},
         {"1.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi", "base_2.0+2-1.efi"},
         [](const BootState& s) { apply_try(s, v2, {TryStep::rename, {.left = 2, .done = 1}}); }},
        {"give a trial up",
         {"base_1.0.efi", "base_2.0+0-3.efi"},
         {"1.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi"},
         [](const BootState& s) { apply_try(s, v2, {TryStep::give_up, {}}); }},
        {"confirm",
         {"base_1.0.efi", "base_2.0+2-1.efi"},
         {"1.0", "2.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi", "base_2.0.efi"},
         [](const BootState& s) { confirm(s, v2, "r2"); }},
        {"fall back",
         {"base_1.0.efi", "base_2.0+0-3.efi"},
         {"1.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi"},
         [](const BootState& s) { apply_fallback(s, failed_2(), {Ban::denied, "why"}); }},
        {"roll back",
         {"base_1.0.efi", "base_2.0.efi"},
         {"1.0", "2.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi"},
         [](const BootState& s) { apply_rollback(s, {.leaves = v2, .returns_to = v1}); }},
        {"give up a good one",
         {"base_1.0.efi", "base_2.0.efi"},
         {"1.0", "2.0"},
         {"base_1.0.efi"},
         {"base_1.0.efi"},
         [](const BootState& s) { give_up(s, v2, "r2", "five boots"); }},
        {"make room for the next",
         {"base_1.0.efi", "base_2.0.efi"},
         {"1.0", "2.0"},
         {"base_2.0.efi"},
         {"base_2.0.efi"},
         [](const BootState& s) { s.files.remove(v1); }},
    };
    return all;
}

/// Whatever the version on trial is worth, and whichever of two equal files the loader takes.
void expect_bootable(const Machine& machine, const Case& one, const fs::path& place) {
    for (const Tie tie : {Tie::first, Tie::last}) {
        const std::string up = boot_until_up(machine.copy_to(place).folder(), one.good, tie);
        EXPECT_TRUE(one.good.contains(up)) << up;
    }
}

TEST(Crash, AtEachStopAGoodVersionBootsAndTheStepCanBeCompleted) {
    for (const Case& one : cases()) {
        const TemporaryDirectory work = make_fast_directory();
        const Machine before(work.path() / "before");
        fs::create_directories(before.folder());
        for (const std::string& file : one.files) {
            const ImageVersion image = find_boot_file(file)->image;
            write_file(before.folder() / file, make_boot_content(image.name, image.version));
        }
        const Machine whole = before.copy_to(work.path() / "whole");
        whole.run(one.step);
        EXPECT_EQ(Dir::open(whole.folder()).names(""), one.result) << one.name;
        expect_bootable(whole, one, work.path() / "booted");

        std::size_t stops = 0;
        for (std::size_t after = 1;; ++after) {
            SCOPED_TRACE(std::format("{}, stopped after {}", one.name, after));
            const Machine machine = before.copy_to(work.path() / "stopped");
            std::map<std::string, ino_t> files;
            for (const std::string& file : one.untouched)
                files[file] = Dir::open(machine.folder()).find_status(file)->st_ino;
            const Stopped result = run_and_stop_after(after, [&] { machine.run(one.step); });
            ASSERT_FALSE(result.has_failed);
            if (!result.was_stopped) break;
            ++stops;

            expect_bootable(machine, one, work.path() / "booted");
            for (const auto& [file, inode] : files) {
                const auto status = Dir::open(machine.folder()).find_status(file);
                ASSERT_TRUE(status) << file;
                EXPECT_EQ(status->st_ino, inode) << file;
                const ImageVersion image = find_boot_file(file)->image;
                EXPECT_EQ(read_file(machine.folder() / file), make_boot_content(image.name, image.version));
            }
            // Completed later, it is as if nothing had been.
            machine.run(one.step);
            EXPECT_EQ(machine.look(), whole.look());
        }
        std::println("{}: {} stops", one.name, stops);
        EXPECT_GE(stops, 2U) << one.name;
    }
}

}  // namespace
}  // namespace cairn::slots
