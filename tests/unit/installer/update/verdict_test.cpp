#include "installer/update/verdict.h"

#include "installer/api/errors.h"
#include "installer/disks/reset_request.h"
#include "installer/slots/deny_list.h"
#include "tests/unit/installer/update/update_world.h"

namespace cairn::update {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VerdictTest : public ::testing::Test {
  protected:
    /// 2.0 was prepared and activated, and the loader has started it once.
    void SetUp() override {
        world_.prepare();
        activate_update(world_.device());
        count("base_2.0+3-0.efi", "base_2.0+2-1.efi");
    }
    void count(const std::string& from, const std::string& to) {
        std::filesystem::rename(world_.machine_.boot_folder() / from, world_.machine_.boot_folder() / to);
    }
    Device new_one() {
        Device device = world_.device();
        device.running.image.version = "2.0";
        device.running.root_hash = world_.v2.tree.root_hash;
        device.running.slot = layout::Slot::b;
        device.running.tries = layout::TryCounter{.left = 2, .done = 1};
        return device;
    }
    std::vector<slots::BootEvent> record() { return slots::read_boot_record(world_.device().record); }

    UpdateWorld world_;
};

TEST_F(VerdictTest, ConfirmingMakesAVersionGood) {
    confirm_boot(new_one());
    EXPECT_THAT(world_.boot_files(), ElementsAre("base_1.0.efi", "base_2.0.efi"));
    EXPECT_TRUE(world_.boot_file("base_2.0.efi") == world_.v2.boot_file);
    EXPECT_EQ(record().back().kind, slots::BootEventKind::good);
    confirm_boot(new_one());  // each boot of it says so
    EXPECT_EQ(record().size(), 3U);
}

TEST_F(VerdictTest, ABootThatReachedTheApiIsRecorded) {
    note_reached(new_one());
    EXPECT_EQ(record().back().kind, slots::BootEventKind::reached);
    EXPECT_EQ(record().back().root_hash, world_.v2.root_hash());
}

TEST_F(VerdictTest, DataIsMadeNewOnlyOnTheDiskThatItWasAskedFor) {
    ask_for_new_data(world_.device());
    const Dir esp = Dir::open(world_.place() / "esp");
    EXPECT_TRUE(disks::has_reset_request(esp, world_.machine_.disk_id));
    EXPECT_FALSE(disks::has_reset_request(esp, layout::Guid{.bytes = {9}}));
}

TEST_F(VerdictTest, AFailureRestartsOnlyAVersionOnTrial) {
    EXPECT_EQ(fail_boot(new_one(), "service 'app' is down"), AfterFailure::restarts);
    EXPECT_EQ(record().back().message, "service 'app' is down");
    EXPECT_EQ(fail_boot(world_.device(), "a check fails"), AfterFailure::goes_on);
    confirm_boot(new_one());
    EXPECT_EQ(fail_boot(new_one(), "a check fails"), AfterFailure::goes_on);
}

TEST_F(VerdictTest, TheOlderVersionDeniesOneThatFailed) {
    EXPECT_EQ(judge_trial(world_.device(), std::nullopt), std::nullopt);  // it has tries left
    fail_boot(new_one(), "service 'app' is down");
    count("base_2.0+2-1.efi", "base_2.0+0-3.efi");
    const auto fallback = judge_trial(world_.device(), std::nullopt);
    ASSERT_TRUE(fallback);
    EXPECT_EQ(fallback->ban, slots::Ban::denied);
    EXPECT_THAT(fallback->cause, HasSubstr("service 'app' is down"));
    EXPECT_THAT(world_.boot_files(), ElementsAre("base_1.0.efi"));
    EXPECT_THROW(world_.prepare(), api::Conflict);
    EXPECT_THROW(clear_denied(world_.device(), "1.9"), api::NotFound);
    clear_denied(world_.device(), "2.0");
    world_.prepare();
}

TEST_F(VerdictTest, WhatFailsInBothIsHeldUntilTheRunningOneIsGood) {
    count("base_2.0+2-1.efi", "base_2.0+0-3.efi");
    EXPECT_EQ(judge_trial(world_.device(), "disk is full")->ban, slots::Ban::held);
    EXPECT_THROW(world_.prepare(), api::Conflict);
    confirm_boot(world_.device());
    world_.prepare();
}

TEST_F(VerdictTest, OnlyAGoodVersionJudges) {
    count("base_2.0+2-1.efi", "base_2.0+0-3.efi");
    count("base_1.0.efi", "base_1.0+2-1.efi");
    EXPECT_THROW(judge_trial(world_.device(), std::nullopt), api::Conflict);
    EXPECT_THAT(world_.boot_files(), ElementsAre("base_1.0+2-1.efi", "base_2.0+0-3.efi"));
}

}  // namespace
}  // namespace cairn::update
