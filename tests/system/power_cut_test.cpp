#include <algorithm>
#include <format>
#include <gtest/gtest.h>
#include <print>

#include "installer/disks/gpt.h"
#include "pkg/base/process.h"
#include "tests/system/disk_recording.h"

namespace cairn::system_test {
namespace {

using disks::DiskFile;
using disks::FoundTable;

constexpr std::uint64_t disk_size = std::uint64_t{2} << 30;
constexpr std::uint64_t table_area = std::uint64_t{1} << 20;

/// Boots a fresh copy of the development image until all services are up, then pulls the plug.
DiskRecording record_first_boot() {
    const DiskRecording::Start start = {.image = find_image_folder("dev", layout::Architecture::x86_64),
                                        .disk_size = disk_size};
    const MachineFolder folder = MachineFolder::from_folder(start.image, start.architecture, disk_size);
    emulator::Machine machine = folder.make_machine();
    machine.disks[0].write_log = folder.path() / "writes";
    RunningMachine running(machine, folder.path());
    running.wait_for("cairn: all services are up");
    running.cut_power();
    return {start, running.write_logs()};
}

/// Recorded once for all tests of this program.
const DiskRecording& recorded() {
    static const DiskRecording recording = record_first_boot();
    return recording;
}

/// Events that write a partition table: into the first or the last MiB of the disk.
std::vector<std::size_t> find_table_writes() {
    std::vector<std::size_t> found;
    for (std::size_t index = 0; index < recorded().events().size(); ++index) {
        const DiskEvent& event = recorded().events()[index];
        if (event.kind == DiskEvent::Kind::write &&
            (event.offset < table_area || event.offset >= disk_size - table_area))
            found.push_back(index);
    }
    return found;
}

std::optional<FoundTable> find_table(const std::filesystem::path& path) {
    DiskFile disk(path, DiskFile::Access::read_only);
    return disks::find_partition_table(disk);
}

bool has_data(const std::filesystem::path& path) {
    const auto found = find_table(path);
    EXPECT_TRUE(found) << "no whole partition table is left";
    return found && found->table.find_partition(layout::Part::data) != nullptr;
}

void expect_whole_file_system(const std::filesystem::path& path) {
    const auto found = find_table(path);
    const std::uint64_t offset = found->table.find_partition(layout::Part::data)->first_sector * 512;
    const CommandResult result =
        run_command({.arguments = {"e2fsck", "-fn", std::format("{}?offset={}", path.string(), offset)}});
    EXPECT_EQ(result.status, 0) << result.output << result.error;
}

/// The index of the first event after which the table with the data partition is in force.
std::size_t find_commit(MachineFolder& folder) {
    for (std::size_t index = 0; index < recorded().events().size(); ++index) {
        recorded().apply(folder.disk(), index);
        if (recorded().events()[index].kind == DiskEvent::Kind::write && has_data(folder.disk()))
            return index;
    }
    ADD_FAILURE() << "the data partition never appeared";
    return 0;
}

void expect_boots(std::size_t events) {
    SCOPED_TRACE(std::format("power cut after {} of {} events", events, recorded().events().size()));
    MachineFolder folder = recorded().make_folder(events);
    RunningMachine machine(folder.make_machine(), folder.path());
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    EXPECT_NE(machine.run("grep ' /var ' /proc/mounts").find(" ext4 rw"), std::string::npos);
}

TEST(PowerCut, AtEveryWriteOfTheFirstBootLeavesAWholeTableAndNeverAHalfMadeData) {
    MachineFolder folder = recorded().make_folder(0);
    std::size_t states = 0;
    bool had_data = false;
    bool is_flushed = true;  // all that was written before the table
    const std::vector<std::size_t> table_writes = find_table_writes();
    ASSERT_GE(table_writes.size(), 4U);  // two copies, each of entries and header
    for (std::size_t index = 0; index < recorded().events().size(); ++index) {
        const DiskEvent& event = recorded().events()[index];
        SCOPED_TRACE(std::format("event {} of {}", index, recorded().events().size()));
        if (event.kind == DiskEvent::Kind::flush) {
            is_flushed = true;
            continue;
        }
        const bool is_table = std::ranges::binary_search(table_writes, index);
        if (is_table) {
            EXPECT_TRUE(is_flushed) << "a table is written while earlier writes may still be lost";
            recorded().apply(folder.disk(), index, event.length / 2 / 512 * 512);  // torn
            const bool has = has_data(folder.disk());
            EXPECT_TRUE(has || !had_data) << "the data partition is gone again";
            if (has && !had_data) expect_whole_file_system(folder.disk());
            ++states;
        }
        recorded().apply(folder.disk(), index);
        ++states;
        if (is_table) {
            const bool has = has_data(folder.disk());
            EXPECT_TRUE(has || !had_data) << "the data partition is gone again";
            if (has && !had_data) expect_whole_file_system(folder.disk());
            had_data = has;
        }
        if (event.kind == DiskEvent::Kind::write && !event.reaches_disk) is_flushed = false;
    }
    EXPECT_TRUE(had_data);
    std::println("{} states of the disk, {} of them around {} writes of a partition table", states,
                 2 * table_writes.size(), table_writes.size());
}

TEST(PowerCut, WhileTheFileSystemIsMadeStillEndsInAWorkingMachine) {
    expect_boots(find_table_writes().front() / 2);
}

TEST(PowerCut, BetweenTheTwoCopiesOfTheTableStillEndsInAWorkingMachine) {
    const auto writes = find_table_writes();
    expect_boots(writes[writes.size() / 2]);
}

TEST(PowerCut, RightAfterTheTableStillEndsInAWorkingMachine) {
    MachineFolder folder = recorded().make_folder(0);
    expect_boots(find_commit(folder) + 1);
}

/// Long: many more of the same, spread over all that the first boot writes.
TEST(PowerCutLong, AnywhereInTheFirstBootStillEndsInAWorkingMachine) {
    constexpr std::size_t tries = 24;
    const std::size_t count = recorded().events().size();
    for (std::size_t attempt = 1; attempt <= tries; ++attempt) expect_boots(count * attempt / tries);
    for (const std::size_t index : find_table_writes()) expect_boots(index + 1);
}

}  // namespace
}  // namespace cairn::system_test
