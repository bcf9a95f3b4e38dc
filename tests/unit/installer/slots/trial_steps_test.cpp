#include "installer/slots/trial_steps.h"

#include <gtest/gtest.h>

#include "installer/slots/deny_list.h"
#include "tests/unit/installer/slots/boot_folder.h"

namespace cairn::slots {
namespace {

class TrialSteps : public ::testing::Test {
  protected:
    BootState state() {
        return {.files = files_,
                .record = data_.path() / "boots",
                .deny_list = data_.path() / "denied.json",
                .boot = "b",
                .time = 7};
    }
    std::vector<BootEventKind> record() {
        std::vector<BootEventKind> kinds;
        for (const BootEvent& event : read_boot_record(state().record)) kinds.push_back(event.kind);
        return kinds;
    }
    DenyList denied() { return DenyList::read(state().deny_list); }
    void attempt() {
        append_boot_event(state().record, {.boot = "c", .root_hash = "r2", .boot_file = "base_2.0.efi"});
    }

    TemporaryDirectory data_ = make_fast_directory();
    BootFolder folder_{{"base_1.0.efi", "base_2.0.efi.staged"}};
    BootFiles files_ = folder_.files();
};

TEST_F(TrialSteps, ATrialIsRecordedOnce) {
    start_trial(state(), v2, "r2");
    attempt();
    start_trial(state(), v2, "r2");
    EXPECT_EQ(record(), (std::vector{BootEventKind::trial, BootEventKind::attempt}));
    EXPECT_EQ(count_attempts(read_boot_record(state().record), "r2"), 1U);
}

TEST_F(TrialSteps, AFailedTrialIsDeniedRemovedAndJudgedOnce) {
    start_trial(state(), v2, "r2");
    // Firmware that cannot rename: init counts, the fourth time it gives up.
    for (int boot = 1; boot <= 4; ++boot) {
        attempt();
        const auto file = find_on_trial(files_.list(), v2);
        const TryPlan plan = plan_try(*file->counter, count_attempts(read_boot_record(state().record), "r2"),
                                      !known_good_besides(files_.list(), v2).empty());
        EXPECT_EQ(plan.step, boot < 4 ? TryStep::rename : TryStep::give_up);
        apply_try(state(), v2, plan);
    }
    EXPECT_EQ(folder_.names(), std::vector<std::string>{"base_1.0.efi"});

    const auto failed = find_failed_trial(files_.list(), read_boot_record(state().record), v1);
    ASSERT_TRUE(failed);
    apply_fallback(state(), *failed, plan_fallback(*failed, {}));
    EXPECT_EQ(denied().find(v2), (DeniedVersion{v2, Ban::denied, "4 boots did not become good", 7}));
    EXPECT_FALSE(find_failed_trial(files_.list(), read_boot_record(state().record), v1));
}

TEST_F(TrialSteps, AGoodBootEndsTheTrialAndLiftsHolds) {
    DenyList list;
    list.add({.image = v10, .ban = Ban::held, .cause = "fails in both"});
    list.add({.image = v1, .cause = "why"});
    list.write(state().deny_list);
    start_trial(state(), v2, "r2");
    attempt();
    confirm(state(), v2, "r2");
    EXPECT_TRUE(find_known_good(files_.list(), v2));
    EXPECT_FALSE(denied().find(v10));
    EXPECT_TRUE(denied().find(v1));
    EXPECT_EQ(record().back(), BootEventKind::good);
}

TEST_F(TrialSteps, ARollbackDeniesByOperatorAndLeavesTheOlderOne) {
    const BootFolder folder({"base_1.0.efi", "base_2.0.efi"});
    files_ = folder.files();
    apply_rollback(state(), plan_rollback(files_.list(), v2));
    EXPECT_EQ(denied().find(v2)->cause, "by operator");
    EXPECT_EQ(folder.names(), std::vector<std::string>{"base_1.0.efi"});
}

TEST_F(TrialSteps, AGoodVersionThatIsGivenUpLeavesItsCause) {
    const BootFolder folder({"base_1.0.efi", "base_2.0.efi"});
    files_ = folder.files();
    give_up(state(), v2, "r2", "5 boots in a row never reached the API");
    EXPECT_EQ(read_boot_record(state().record).back().message, "5 boots in a row never reached the API");
    EXPECT_EQ(folder.names(), std::vector<std::string>{"base_1.0.efi"});
}

}  // namespace
}  // namespace cairn::slots
