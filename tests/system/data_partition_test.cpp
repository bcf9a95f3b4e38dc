#include <fcntl.h>

#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/layout/partition_table.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/crypto/hash.h"
#include "tests/system/device_steps.h"
#include "tests/system/maker.h"

/// A data partition that is full, damaged or gone, and a clock that is wrong.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using layout::Part;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t disk_size = std::uint64_t{2} << 30;  // leaves 400 MB for data
constexpr std::size_t block = std::size_t{1} << 20;

void overwrite(const std::filesystem::path& disk, std::uint64_t offset, std::uint64_t size) {
    const Fd fd = open_file(disk, O_RDWR);
    const std::vector<std::uint8_t> garbage(block, 0x5a);
    for (std::uint64_t done = 0; done < size; done += block)
        write_all_at(fd.get(), std::span(garbage).first(std::min<std::uint64_t>(block, size - done)),
                     offset + done, disk.string());
}

bool is_all_garbage(const std::filesystem::path& disk, std::uint64_t offset, std::uint64_t size) {
    const Fd fd = open_file(disk, O_RDONLY);
    std::vector<std::uint8_t> bytes(block);
    for (std::uint64_t done = 0; done < size; done += block) {
        const auto piece = std::span(bytes).first(std::min<std::uint64_t>(block, size - done));
        read_exactly_at(fd.get(), piece, offset + done, disk.string());
        if (!std::ranges::all_of(piece, [](std::uint8_t byte) { return byte == 0x5a; })) return false;
    }
    return true;
}

TEST(DataPartitionLong, IsRepairedFromABackupElseReplacedByMemoryAndNeverFormattedUnasked) {
    MachineFolder folder("dev", Architecture::x86_64, disk_size);
    emulator::Machine plan = folder.make_machine();
    plan.on_restart = emulator::Machine::OnRestart::end;
    {
        RunningMachine machine(plan, folder.path());
        machine.wait_for("cairn: all services are up");
        machine.log_in();
        machine.run("cairnctl settings set --apply network.host_name=kept");
        machine.run("echo kept > /var/lib/test-of-data && sync");
        switch_off(machine);
    }
    const auto data = layout::read_partition_table(folder.disk()).at(Part::data);
    overwrite(folder.disk(), data.offset, 8192);  // the superblock, and what tells of the first group
    {
        RunningMachine machine(plan, folder.path());
        machine.wait_for("was damaged and is repaired");
        machine.wait_for("cairn: all services are up");
        machine.log_in();
        wait_until_good(machine);
        EXPECT_EQ(machine.run("hostname; cat /var/lib/test-of-data"), "kept\nkept\n");
        EXPECT_EQ(read_json_of(machine, "cairnctl raw GET /os").at("data").at("state"), "mounted");
        switch_off(machine);
    }
    overwrite(folder.disk(), data.offset, data.size);
    RunningMachine machine(plan, folder.path());
    machine.wait_for("DEGRADED: no data partition, nothing will be kept");
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    machine.run_until_it_succeeds("cairnctl ping");
    EXPECT_TRUE(is_all_garbage(folder.disk(), data.offset, data.size)) << "it was written to";
    EXPECT_THAT(machine.run("cairnctl status"), HasSubstr("FAILED, nothing will be kept"));
    EXPECT_THAT(machine.run("cairnctl status"), HasSubstr("cannot be repaired"));
    EXPECT_EQ(machine.run("hostname"), "cairn\n");
    // What is set meanwhile is in effect until the next boot.
    machine.run("cairnctl settings set --apply network.host_name=meanwhile");
    EXPECT_EQ(machine.run("hostname"), "meanwhile\n");

    const std::string id = read_json_of(machine, "cairnctl raw GET /os").at("machine_id");
    machine.type("cairnctl reset-data\n");
    machine.wait_for("type the machine id to go on:");
    machine.type(id + "\n");
    machine.wait_for("making the data partition anew");
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    wait_until_good(machine);
    EXPECT_EQ(read_json_of(machine, "cairnctl raw GET /os").at("data").at("state"), "made");
    EXPECT_EQ(machine.run("hostname"), "cairn\n");
}

/// Also with a clock that knows nothing: the image's build time counts.
TEST(DataPartitionLong, ThatIsFullGivesClearErrorsAndLosesNothing) {
    Maker maker(Architecture::x86_64);
    MachineFolder folder = MachineFolder::from_folder(maker.build("1.0"), Architecture::x86_64, disk_size);
    maker.publish(maker.build("2.0", "add_packages = [\"test-ballast\"]\n"));
    emulator::Machine plan = folder.make_machine();
    plan.on_restart = emulator::Machine::OnRestart::end;
    plan.clock = "2001-01-01T00:00:00";
    RunningMachine machine(plan, folder.path());
    machine.wait_for("the clock was wrong; it begins at 2026-");
    wait_for_version(machine, "1.0");
    wait_until_good(machine);
    EXPECT_THAT(machine.run("date"), HasSubstr("2026"));
    machine.run(std::format(
        "cairnctl settings set --apply updates.check_minutes=0 network.host_name=kept updates.repository={}",
        maker.address()));

    machine.run("cairnctl settings set system.motd=pending > /dev/null 2>&1");
    // By somebody who is not root: what is kept back for root is what the boot record is written with.
    machine.try_to_run(
        "chpst -u nobody sh -c 'dd if=/dev/zero of=/var/tmp/fill bs=1M; dd if=/dev/zero of=/var/tmp/fill2 "
        "bs=1k' "
        "2> /dev/null");
    EXPECT_THAT(machine.run("df /var"), HasSubstr("100%"));
    EXPECT_THAT(expect_failure(machine, "cairnctl settings apply"), HasSubstr("No space left on device"));
    EXPECT_THAT(machine.run("cat /etc/motd"), Not(HasSubstr("pending")))
        << "what cannot be stored is taken back";
    EXPECT_THAT(expect_failure(machine, "cairnctl settings set log.level=debug"),
                HasSubstr("No space left on device"));
    EXPECT_THAT(expect_failure(machine, "cairnctl update --yes"), HasSubstr("No space left on device"));
    EXPECT_EQ(machine.run("hostname"), "kept\n");
    EXPECT_THAT(machine.run("cairnctl status"), HasSubstr("No space left on device"));
    machine.run("cairnctl logs cairnd -n 5 && cairnctl services && logger full");

    reboot(machine);
    wait_for_version(machine, "1.0");
    EXPECT_EQ(machine.run("hostname"), "kept\n");
    wait_until_good(machine);
    EXPECT_THAT(machine.run("df /var"), HasSubstr("100%"));

    machine.run("rm /var/tmp/fill /var/tmp/fill2");
    EXPECT_EQ(machine.run("cairnctl settings get network.host_name"), "kept\n");
    machine.run("cairnctl settings apply");
    EXPECT_THAT(machine.run("cat /etc/motd"), HasSubstr("pending"));
    machine.run("cairnctl update prepare");
    EXPECT_EQ(read_updates(machine).at("update_state"), "Staged");
}

}  // namespace
}  // namespace cairn::system_test
