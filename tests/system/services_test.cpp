#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/running_machine.h"

/// What the supervisor does on a real machine, and what the first process does when it is asked to.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using testing::HasSubstr;

constexpr std::uint64_t disk_size = std::uint64_t{2} << 30;

/// The helper may have it mounted for a moment, the other way.
void mount_esp(RunningMachine& machine, const std::string& option) {
    machine.run_until_it_succeeds("mkdir -p /tmp/esp; grep -q /tmp/esp /proc/mounts || mount -t vfat -o " +
                                  option + " /dev/vda1 /tmp/esp");
}

TEST(Services, OneThatCrashesComesBackIsRecordedAndTouchesNoOther) {
    MachineFolder folder("dev", Architecture::x86_64, disk_size);
    RunningMachine machine(folder.make_machine(), folder.path());
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    const std::string others = "cd /run/service; cat $(ls -d [!s]*/supervise/pid); cd /";
    const std::string before = machine.run(others);
    machine.run("kill -9 $(cat /run/service/syslog/supervise/pid)");
    machine.run_until_it_succeeds(
        "grep -qx run /run/service/syslog/supervise/stat && "
        "ls /var/lib/cairn/crashes/1 && ls /run/service/syslog/is-ready");
    EXPECT_EQ(machine.run(others), before);
    const std::string record = machine.run("cat /var/lib/cairn/crashes/1");
    EXPECT_THAT(record, HasSubstr("service syslog\n"));
    EXPECT_THAT(record, HasSubstr("signal 9\n"));
    EXPECT_THAT(record, HasSubstr("syslogd started"));

    machine.run("sv restart syslog");  // told to: nothing to record
    EXPECT_EQ(machine.run("ls /var/lib/cairn/crashes"), "1\n");
    EXPECT_EQ(machine.run("cat /run/service/syslog/restarts"), "1\n");
}

TEST(Services, AreWatchedAndAHangRestartsTheMachine) {
    MachineFolder folder("dev", Architecture::x86_64, disk_size);
    emulator::Machine plan = folder.make_machine();
    plan.on_restart = emulator::Machine::OnRestart::end;
    RunningMachine machine(plan, folder.path());
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    machine.run("sv pause watchdog");
    machine.wait_for("watchdog armed");
    machine.wait_for("cairn: all services are up");
}

TEST(FirstProcess, RemovesAChoiceOfTheLoaderAndMakesDataAnewWhenAsked) {
    MachineFolder folder("dev", Architecture::x86_64, disk_size);
    {
        RunningMachine machine(folder.make_machine(), folder.path());
        machine.wait_for("cairn: all services are up");
        machine.log_in();
        machine.run("touch /var/lib/test-of-data");
        machine.run(
            "printf '\\007\\000\\000\\000x\\000\\000\\000' > /sys/firmware/efi/efivars/"
            "LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f");
        mount_esp(machine, "rw");
        machine.run(
            "mkdir -p /tmp/esp/cairn && "
            "sed -n 's/.*\"disk_id\": \"\\(.*\\)\".*/\\1/p' /run/cairn/boot.json "
            "> /tmp/esp/cairn/reset-data && umount /tmp/esp && sync");
        machine.type("poweroff\n");
        machine.wait_until_off();
    }
    RunningMachine machine(folder.make_machine(), folder.path());
    machine.wait_for("removed the EFI variable LoaderEntryDefault");
    machine.wait_for("making the data partition anew");
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    EXPECT_THAT(machine.run("cat /run/cairn/boot.json"), HasSubstr("\"data\": \"made\""));
    EXPECT_NE(machine.try_to_run("ls /var/lib/test-of-data").first, 0);
    mount_esp(machine, "ro");
    EXPECT_EQ(machine.run("ls /tmp/esp/cairn"), "");
}

}  // namespace
}  // namespace cairn::system_test
