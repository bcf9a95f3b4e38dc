#include "installer/slots/trial.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/installer/slots/boot_folder.h"

namespace cairn::slots {
namespace {

using Events = std::vector<BootEvent>;

/// "attempt 2", "good 1", …: events of versions 1 and 2, whose roots are "r1" and "r2"; each in a boot of its
/// own, named by its place.
Events make_record(const std::vector<std::string>& words) {
    Events events;
    for (const std::string& word : words) {
        const std::string kind = word.substr(0, word.find(' '));
        const std::string version = word.substr(word.find(' ') + 1);
        BootEvent event = {.boot = std::to_string(events.size()),
                           .root_hash = "r" + version,
                           .boot_file = "base_" + version + ".0.efi"};
        event.kind = kind == "attempt"   ? BootEventKind::attempt
                     : kind == "failure" ? BootEventKind::failure
                     : kind == "reached" ? BootEventKind::reached
                     : kind == "good"    ? BootEventKind::good
                     : kind == "trial"   ? BootEventKind::trial
                                         : BootEventKind::fallback;
        if (event.kind == BootEventKind::failure) event.message = "the network service stays down";
        events.push_back(event);
    }
    return events;
}

std::vector<BootFile> make_files(const std::vector<std::string>& names) {
    std::vector<BootFile> files;
    for (const std::string& name : names) {
        files.push_back(*find_boot_file(name));
        files.back().size = 1;
    }
    return files;
}

TEST(Trial, CountsAttemptsSinceItBegan) {
    EXPECT_EQ(count_attempts(make_record({}), "r2"), 0U);
    EXPECT_EQ(count_attempts(make_record({"attempt 2", "attempt 1", "attempt 2"}), "r2"), 2U);
    EXPECT_EQ(
        count_attempts(make_record({"attempt 2", "attempt 2", "trial 2", "attempt 1", "attempt 2"}), "r2"),
        1U);
    EXPECT_EQ(count_attempts(make_record({"attempt 2", "trial 1", "attempt 2"}), "r2"), 2U);
}

TEST(Trial, PlansEachTry) {
    struct Row {
        layout::TryCounter found;
        std::size_t attempts;
        bool has_good_behind;
        TryPlan plan;
    };
    const Row rows[] = {
        // The loader counts.
        {{2, 1}, 1, true, {TryStep::go_on}},
        {{1, 2}, 2, true, {TryStep::go_on}},
        {{0, 3}, 3, true, {TryStep::go_on}},
        // It counts, and some boots never reached init.
        {{1, 2}, 1, true, {TryStep::go_on}},
        {{0, 3}, 1, true, {TryStep::go_on}},
        // No record, or data that does not mount.
        {{2, 1}, 0, true, {TryStep::go_on}},
        // The firmware cannot rename.
        {{3, 0}, 1, true, {TryStep::rename, {2, 1}}},
        {{2, 1}, 2, true, {TryStep::rename, {1, 2}}},
        {{1, 2}, 3, true, {TryStep::rename, {0, 3}}},
        // Earlier renames did not happen either: all are made up for.
        {{3, 0}, 2, true, {TryStep::rename, {1, 2}}},
        {{3, 0}, 3, true, {TryStep::rename, {0, 3}}},
        // Started although nothing is left.
        {{3, 0}, 4, true, {TryStep::give_up}},
        {{0, 3}, 4, true, {TryStep::give_up}},
        {{0, 4}, 4, true, {TryStep::give_up}},
        {{0, 4}, 0, true, {TryStep::give_up}},
        // Nothing stands behind it.
        {{0, 3}, 4, false, {TryStep::go_on}},
        {{3, 0}, 9, false, {TryStep::go_on}},
        {{3, 0}, 1, false, {TryStep::rename, {2, 1}}},
    };
    for (const Row& row : rows)
        EXPECT_EQ(plan_try(row.found, row.attempts, row.has_good_behind), row.plan)
            << row.found.left << "-" << row.found.done << ", attempts " << row.attempts;
}

TEST(Trial, FindsTheOneThatFailed) {
    struct Row {
        std::vector<std::string> files;
        std::vector<std::string> record;
        std::optional<FailedTrial> found;
    };
    const std::string why = "the network service stays down";
    const Row rows[] = {
        {{"base_1.0.efi"}, {}, {}},
        {{"base_1.0.efi", "base_2.0+3-0.efi"}, {"trial 2"}, {}},
        {{"base_1.0.efi", "base_2.0+1-2.efi"}, {"trial 2", "attempt 2", "attempt 2"}, {}},
        {{"base_1.0.efi", "base_2.0+0-3.efi"},
         {"trial 2", "attempt 2", "attempt 2", "attempt 2", "failure 2", "attempt 1"},
         FailedTrial{v2, "r2", 3, 3, why}},
        {{"base_1.0.efi", "base_2.0+0-3.efi"}, {"trial 2", "attempt 1"}, FailedTrial{v2, "r2", 3, 0, ""}},
        // init has removed its file.
        {{"base_1.0.efi"},
         {"trial 2", "attempt 2", "attempt 2", "attempt 2", "attempt 2", "attempt 1"},
         FailedTrial{v2, "r2", 4, 4, ""}},
        // Judged already; found good; running itself; taken back; never put on trial.
        {{"base_1.0.efi"}, {"trial 2", "attempt 2", "fallback 2"}, {}},
        {{"base_1.0.efi", "base_2.0.efi"}, {"trial 2", "attempt 2", "good 2"}, {}},
        {{"base_2.0.efi", "base_1.0+0-3.efi"}, {"trial 1", "attempt 1"}, {}},
        {{"base_1.0.efi", "base_2.0.efi.staged"}, {"trial 2"}, {}},
        {{"base_1.0.efi"}, {"trial 2"}, {}},
        // The record is lost.
        {{"base_1.0.efi", "base_2.0+0-3.efi"}, {}, FailedTrial{v2, "", 3, 0, ""}},
        {{"base_1.0.efi", "base_2.0+1-2.efi"}, {}, {}},
        // Judged once, tried once more after somebody cleared it.
        {{"base_1.0.efi", "base_2.0+0-3.efi"},
         {"trial 2", "attempt 2", "fallback 2", "trial 2", "attempt 2"},
         FailedTrial{v2, "r2", 3, 1, ""}},
    };
    int number = 0;
    for (const Row& row : rows) {
        ++number;
        EXPECT_EQ(find_failed_trial(make_files(row.files), make_record(row.record), v1), row.found)
            << "row " << number;
    }
}

TEST(Trial, SaysWhyAndWhetherItIsDeniedOrHeld) {
    const std::optional<std::string> passes;
    const std::optional<std::string> fails = "service 'app' is down";
    const FailedTrial lost = {.image = v2, .tries = 3};
    const FailedTrial some = {.image = v2, .tries = 3, .attempts = 1};
    const FailedTrial all = {.image = v2, .tries = 3, .attempts = 3, .last_failure = "service 'app' is down"};
    EXPECT_EQ(plan_fallback(lost, passes),
              (Fallback{Ban::denied, "in 3 boots the kernel never reached init"}));
    EXPECT_EQ(plan_fallback(some, passes),
              (Fallback{Ban::denied, "in 2 of 3 boots the kernel never reached init"}));
    EXPECT_EQ(plan_fallback(all, passes),
              (Fallback{Ban::denied, "3 boots did not become good: service 'app' is down"}));
    EXPECT_EQ(plan_fallback(all, fails),
              (Fallback{Ban::held,
                        "fails in both: 3 boots did not become good: service 'app' is down; the older "
                        "version: service 'app' is down"}));
}

TEST(Trial, GivesUpAGoodVersionThatNoLongerComesUp) {
    const std::vector<std::string> both = {"base_1.0.efi", "base_2.0.efi"};
    const std::vector<std::string> five(5, "attempt 2");
    const auto with = [](std::vector<std::string> words, const std::vector<std::string>& more) {
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    struct Row {
        std::vector<std::string> files;
        std::vector<std::string> record;
        std::optional<std::string> root_failure;
        bool gives_up;
    };
    const Row rows[] = {
        {both, five, {}, true},
        {both, std::vector<std::string>(4, "attempt 2"), {}, false},
        {both, with({"good 2"}, five), {}, true},
        {both, with(five, {"good 2"}), {}, false},
        // It came far enough to be asked: health is reported, never a reason to leave.
        {both, with(five, {"reached 2"}), {}, false},
        {both, with(five, {"reached 2", "failure 2"}), {}, false},
        {both, with({"attempt 2", "reached 2"}, five), {}, true},
        {both,
         with({"attempt 2", "attempt 2", "good 2"}, {"attempt 2", "attempt 2", "attempt 2"}),
         {},
         false},
        {both, {"attempt 2", "attempt 2", "attempt 1", "attempt 2", "attempt 2", "attempt 2"}, {}, false},
        {both,
         with({"attempt 2", "failure 2"}, {"attempt 2", "attempt 2", "attempt 2", "attempt 2"}),
         {},
         true},
        {both, {}, "corrupted", true},
        // Nothing else to boot, or it is on trial and counted elsewhere.
        {{"base_2.0.efi"}, five, "corrupted", false},
        {{"base_2.0.efi", "base_1.0+3-0.efi"}, five, {}, false},
        {{"base_1.0.efi", "base_2.0+2-1.efi"}, five, "corrupted", false},
    };
    int number = 0;
    for (const Row& row : rows)
        EXPECT_EQ(find_reason_to_give_up(make_files(row.files), make_record(row.record), v2, "r2", "now",
                                         row.root_failure)
                      .has_value(),
                  row.gives_up)
            << "row " << ++number;
    // The boot under way has had no chance yet.
    EXPECT_FALSE(find_reason_to_give_up(make_files(both), make_record(five), v2, "r2", "4", {}));
    EXPECT_EQ(find_reason_to_give_up(make_files(both), make_record(five), v2, "r2", "now", {}),
              "5 boots in a row never reached the API");
}

TEST(Trial, RollsBackOnlyToAVersionKnownToBeGood) {
    EXPECT_EQ(plan_rollback(make_files({"base_1.0.efi", "base_2.0.efi"}), v2), (RollbackPlan{v2, v1}));
    EXPECT_EQ(plan_rollback(make_files({"base_1.0.efi", "base_2.0+2-1.efi"}), v2), (RollbackPlan{v2, v1}));
    EXPECT_THROW(plan_rollback(make_files({"base_2.0.efi"}), v2), UsageError);
    EXPECT_THROW(plan_rollback(make_files({"base_2.0.efi", "base_1.0+3-0.efi"}), v2), UsageError);
}

}  // namespace
}  // namespace cairn::slots
