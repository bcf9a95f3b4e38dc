#include <fcntl.h>

#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/layout/partition_table.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/process.h"
#include "tests/system/device_steps.h"
#include "tests/system/maker.h"
#include "tests/system/running_machine.h"

/// A machine that updates itself from a repository, and what becomes of it when the new version is bad.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using layout::Part;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::uint64_t disk_size = std::uint64_t{3} << 30;
constexpr int tries = 3;

/// Version 1.0 on a machine, and a maker who publishes what it is to update to.
class UpdateTest : public testing::TestWithParam<Architecture> {
  protected:
    UpdateTest() : UpdateTest(GetParam()) {}
    explicit UpdateTest(Architecture architecture)
        : maker_(architecture),
          folder_(MachineFolder::from_folder(maker_.build("1.0"), architecture, disk_size)) {}

    RunningMachine start() {
        emulator::Machine machine = folder_.make_machine();
        machine.on_restart = emulator::Machine::OnRestart::end;
        return {std::move(machine), folder_.path()};
    }

    void set_up(RunningMachine& machine) { set_up_first_version(machine, maker_.address(), 120); }
    /// Publishes 2.0 and puts it on trial; the machine is not yet restarted.
    void install(RunningMachine& machine, const fs::path& image) {
        maker_.publish(image);
        machine.run("cairnctl update --yes");
        EXPECT_EQ(read_updates(machine).at("update_state"), "Ready");
    }

    /// As often as 2.0 is tried, its first process says this.
    static void wait_for_tries(RunningMachine& machine) {
        for (int boot = 0; boot < tries; ++boot) machine.wait_for("cairn: root: slot b of ");
    }

    /// Back in 1.0 after 2.0 was tried: it is on the list, with why.
    static void expect_fallback(RunningMachine& machine, const std::string& ban, const std::string& cause) {
        wait_for_version(machine, "1.0");
        machine.run_until_it_succeeds("cairnctl status --json | grep -q '\"ban\"'");
        const Json denied = read_updates(machine).at("denied");
        ASSERT_EQ(denied.size(), 1U);
        EXPECT_EQ(denied[0].at("version"), "2.0");
        EXPECT_EQ(denied[0].at("ban"), ban);
        EXPECT_THAT(denied[0].at("cause").get<std::string>(), HasSubstr(cause));
        EXPECT_EQ(machine.run("cat /var/lib/test-of-data"), "kept\n");
    }
    /// What was denied is not offered again; what comes after it is installed.
    void expect_next_version_installs(RunningMachine& machine) {
        machine.run("cairnctl update --yes");
        EXPECT_EQ(read_updates(machine).at("update_state"), "Idle");
        install(machine, maker_.build("3.0"));
        reboot(machine);
        wait_for_version(machine, "3.0");
        wait_until_good(machine);
    }

    void flip_byte(Part part, std::uint64_t offset) const {
        const auto partition = layout::read_partition_table(folder_.disk()).at(part);
        const Fd disk = open_file(folder_.disk(), O_RDWR);
        std::vector<std::uint8_t> byte(1);
        read_exactly_at(disk.get(), byte, partition.offset + offset, "the disk");
        byte[0] ^= 1;
        write_all_at(disk.get(), byte, partition.offset + offset, "the disk");
    }

    Maker maker_;
    MachineFolder folder_;
};

class Update : public UpdateTest {};
class FallbackPanic : public UpdateTest {};
class FallbackLong : public UpdateTest {};

TEST_P(Update, ToTheNextVersionAndBack) {
    RunningMachine machine = start();
    set_up(machine);
    install(machine, maker_.build("2.0"));
    reboot(machine);
    wait_for_version(machine, "2.0");
    EXPECT_EQ(read_json_of(machine, "cairnctl os --json").at("slot"), "b");
    wait_until_good(machine);
    EXPECT_EQ(read_updates(machine).at("update_state"), "Idle");
    EXPECT_EQ(machine.run("cat /var/lib/test-of-data; hostname"), "kept\nkept\n");

    machine.type("cairnctl update rollback --yes\n");
    wait_for_version(machine, "1.0");
    wait_until_good(machine);
    EXPECT_EQ(machine.run("cat /var/lib/test-of-data; hostname"), "kept\nkept\n");
    EXPECT_EQ(read_updates(machine).at("denied").at(0).at("cause"), "by operator");
}

TEST_P(FallbackPanic, AVersionWhoseKernelPanicsIsLeft) {
    RunningMachine machine = start();
    set_up(machine);
    install(machine, maker_.build("2.0",
                                  "remove_initfs_packages = [\"cairn-init\"]\n"
                                  "add_initfs_packages = [\"test-panic\"]\n"));
    reboot(machine);
    for (int boot = 0; boot < tries; ++boot) machine.wait_for("Kernel panic");
    expect_fallback(machine, "denied", "in 3 boots the kernel never reached init");
    expect_next_version_installs(machine);
}

TEST_P(FallbackLong, AVersionThatHangsInItsFirstProcessIsLeft) {
    RunningMachine machine = start();
    set_up(machine);
    install(machine, maker_.build("2.0",
                                  "remove_initfs_packages = [\"cairn-init\"]\n"
                                  "add_initfs_packages = [\"test-hang\"]\n"));
    reboot(machine);
    for (int boot = 0; boot < tries; ++boot) machine.wait_for("test-hang: hangs");
    expect_fallback(machine, "denied", "in 3 boots the kernel never reached init");
    expect_next_version_installs(machine);
}

TEST_P(FallbackLong, AVersionWithAServiceThatNeverComesUpIsLeft) {
    RunningMachine machine = start();
    set_up(machine);
    install(machine, maker_.build("2.0", "add_packages = [\"test-lame-service\"]\n"));
    reboot(machine);
    wait_for_tries(machine);
    expect_fallback(machine, "denied", "lame: cannot open the database");
    expect_next_version_installs(machine);
}

TEST_P(FallbackLong, AVersionWhoseHealthProgramFailsIsLeft) {
    RunningMachine machine = start();
    set_up(machine);
    install(machine, maker_.build("2.0", "add_packages = [\"test-lame-health\"]\n"));
    reboot(machine);
    wait_for_tries(machine);
    expect_fallback(machine, "denied", "lame: the pump does not answer");
    expect_next_version_installs(machine);
}

TEST_P(FallbackLong, AVersionWithAFlippedByteInItsRootIsLeft) {
    {
        RunningMachine machine = start();
        set_up(machine);
        install(machine, maker_.build("2.0"));
        switch_off(machine);
    }
    flip_byte(Part::root_b, 1024);  // in the superblock, which is read first
    RunningMachine machine = start();
    expect_fallback(machine, "denied", "3 boots");
    expect_next_version_installs(machine);
}

TEST_P(FallbackLong, WhatFailsInBothVersionsIsHeldUntilTheOlderOneIsGood) {
    RunningMachine machine = start();
    set_up(machine);
    machine.run("cairnctl settings set --apply 'health.checks.door={\"kind\": \"tcp\", \"port\": 9}'");
    install(machine, maker_.build("2.0"));
    reboot(machine);
    wait_for_tries(machine);
    expect_fallback(machine, "held", "fails in both");
    machine.run("cairnctl settings unset --apply health.checks.door");
    reboot(machine);
    wait_for_version(machine, "1.0");
    wait_until_good(machine);
    EXPECT_EQ(read_updates(machine).at("denied").size(), 0U);
}

TEST_P(FallbackLong, AGoodVersionWhoseRootRotsIsLeft) {
    {
        RunningMachine machine = start();
        set_up(machine);
        install(machine, maker_.build("2.0"));
        reboot(machine);
        wait_for_version(machine, "2.0");
        wait_until_good(machine);
        switch_off(machine);
    }
    flip_byte(Part::root_b, 1024);
    RunningMachine machine = start();
    machine.wait_for("its root cannot be opened");
    wait_for_version(machine, "1.0");
    wait_until_good(machine);
    EXPECT_THAT(machine.run("cat /var/lib/cairn/boots"), HasSubstr("its root cannot be opened"));
}

TEST_P(FallbackLong, AGoodVersionWhoseHashTreeRotsIsLeft) {
    {
        RunningMachine machine = start();
        set_up(machine);
        install(machine, maker_.build("2.0"));
        reboot(machine);
        wait_for_version(machine, "2.0");
        wait_until_good(machine);
        switch_off(machine);
    }
    flip_byte(Part::root_b_verity, 0);  // of its superblock: no slot holds this root any more
    RunningMachine machine = start();
    machine.wait_for("no disk holds the root");
    wait_for_version(machine, "1.0");
    wait_until_good(machine);
}

/// Firmware does not rename a file that is marked read-only; Linux does.
TEST_P(FallbackLong, FirmwareThatCannotRenameFallsBackToo) {
    {
        RunningMachine machine = start();
        set_up(machine);
        install(machine, maker_.build("2.0", "add_packages = [\"test-lame-health\"]\n"));
        switch_off(machine);
    }
    const auto esp = layout::read_partition_table(folder_.disk()).at(Part::esp);
    run_command_checked(
        {.arguments = {"mattrib", "+r", "-i", std::format("{}@@{}", folder_.disk().string(), esp.offset),
                       "::/EFI/Linux/device_2.0+3-0.efi"}});
    RunningMachine machine = start();
    wait_for_tries(machine);
    expect_fallback(machine, "denied", "lame: the pump does not answer");
}

std::string name_of(const testing::TestParamInfo<Architecture>& info) {
    return std::string(layout::to_text(info.param));
}
const auto both = testing::Values(Architecture::x86_64, Architecture::aarch64);
INSTANTIATE_TEST_SUITE_P(On, Update, both, name_of);
INSTANTIATE_TEST_SUITE_P(On, FallbackPanic, both, name_of);
INSTANTIATE_TEST_SUITE_P(On, FallbackLong, both, name_of);

}  // namespace
}  // namespace cairn::system_test
