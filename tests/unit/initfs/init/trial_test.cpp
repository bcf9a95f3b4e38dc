#include "initfs/init/trial.h"

#include <gtest/gtest.h>

namespace cairn::init {
namespace {

using slots::BootEvent;
using slots::BootEventKind;
using slots::TryStep;

constexpr const char* v1 = "base_1.0.efi";

/// So many boots of "r2" began, this one too.
std::vector<BootEvent> make_attempts(std::size_t count) {
    std::vector<BootEvent> record;
    for (std::size_t boot = 1; boot <= count; ++boot)
        record.push_back({.boot = std::to_string(boot), .root_hash = "r2"});
    return record;
}

std::vector<slots::BootFile> make_files(const std::vector<std::string>& names) {
    std::vector<slots::BootFile> files;
    for (const std::string& name : names) {
        files.push_back(*slots::find_boot_file(name));
        files.back().size = 1;
    }
    return files;
}

/// The loader started `file` and says so; when it also counted, it says `file` as it is called now.
BootFacts make_facts(const std::string& file, const std::vector<std::string>& files, std::size_t attempts) {
    return {.loader = {.boot_file = file, .counter = slots::find_boot_file(file)->counter},
            .files = make_files(files),
            .record = make_attempts(attempts),
            .boot = std::to_string(attempts),
            .root_hash = "r2"};
}

TEST(InitTrial, GoesOnWhenTheLoaderHasCounted) {
    const TrialPlan plan = plan_trial(make_facts("base_2.0+2-1.efi", {v1, "base_2.0+2-1.efi"}, 1));
    EXPECT_TRUE(plan.is_on_trial);
    EXPECT_FALSE(plan.needs_writing());
    EXPECT_EQ(plan.tries(), (layout::TryCounter{2, 1}));
    EXPECT_EQ(plan.file_name(), "base_2.0+2-1.efi");
}

TEST(InitTrial, CountsForFirmwareThatCannotRename) {
    // Such a loader names what it started without telling that it counts.
    const TrialPlan plan = plan_trial(make_facts("base_2.0.efi", {v1, "base_2.0+3-0.efi"}, 1));
    EXPECT_TRUE(plan.is_on_trial);
    EXPECT_EQ(plan.step, (slots::TryPlan{TryStep::rename, {2, 1}}));
    EXPECT_FALSE(plan.leaves());
    EXPECT_EQ(plan.tries(), (layout::TryCounter{2, 1}));
    EXPECT_EQ(plan.file_name(), "base_2.0+2-1.efi");
}

TEST(InitTrial, CountsWithoutDataByWhatTheLoaderDoesNotSay) {
    EXPECT_EQ(plan_trial(make_facts("base_2.0.efi", {v1, "base_2.0+2-1.efi"}, 0)).step,
              (slots::TryPlan{TryStep::rename, {1, 2}}));
    EXPECT_EQ(plan_trial(make_facts("base_2.0+2-1.efi", {v1, "base_2.0+2-1.efi"}, 0)).step.step,
              TryStep::go_on);
}

TEST(InitTrial, LeavesWhenTheTriesAreUsedUp) {
    const TrialPlan plan = plan_trial(make_facts("base_2.0.efi", {v1, "base_2.0+0-3.efi"}, 4));
    EXPECT_EQ(plan.step.step, TryStep::give_up);
    EXPECT_TRUE(plan.leaves());
    EXPECT_FALSE(plan_trial(make_facts("base_2.0.efi", {"base_2.0+0-3.efi"}, 4)).leaves());
}

TEST(InitTrial, AGoodVersionLeavesAfterFiveLostBootsOrWithoutARoot) {
    const std::vector<std::string> both = {v1, "base_2.0.efi"};
    EXPECT_FALSE(plan_trial(make_facts("base_2.0.efi", both, 5)).leaves());  // the fifth is under way
    EXPECT_EQ(plan_trial(make_facts("base_2.0.efi", both, 6)).reason_to_leave,
              "5 boots in a row never reached the API");
    EXPECT_EQ(plan_trial(make_facts("base_2.0.efi", both, 1), "corrupted").reason_to_leave,
              "its root cannot be opened: corrupted");
    EXPECT_FALSE(plan_trial(make_facts("base_2.0.efi", {"base_2.0.efi"}, 9), "corrupted").leaves());
}

TEST(InitTrial, AVersionOnTrialDoesNotLeaveForItsRootAlone) {
    const TrialPlan plan =
        plan_trial(make_facts("base_2.0+2-1.efi", {v1, "base_2.0+2-1.efi"}, 1), "corrupted");
    EXPECT_FALSE(plan.leaves());
}

TEST(InitTrial, WithoutBootFilesOnlyTheLoadersWordIsLeft) {
    const TrialPlan plan = plan_trial(make_facts("base_2.0+2-1.efi", {}, 9));
    EXPECT_TRUE(plan.is_on_trial);
    EXPECT_EQ(plan.tries(), (layout::TryCounter{2, 1}));
    EXPECT_FALSE(plan.needs_writing());
    EXPECT_FALSE(plan_trial(make_facts("base_2.0.efi", {}, 9), "corrupted").needs_writing());
}

TEST(InitTrial, WithoutALoaderNothingIsKnown) {
    BootFacts facts = make_facts(v1, {v1, "base_2.0.efi"}, 9);
    facts.loader = {};
    EXPECT_EQ(plan_trial(facts).file_name(), "");
    EXPECT_FALSE(plan_trial(facts, "corrupted").needs_writing());
}

}  // namespace
}  // namespace cairn::init
