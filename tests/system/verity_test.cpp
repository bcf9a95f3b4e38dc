#include <fcntl.h>

#include <algorithm>
#include <format>
#include <gtest/gtest.h>

#include "images/layout/partition_table.h"
#include "pkg/base/fd.h"
#include "tests/system/running_machine.h"

namespace cairn::system_test {
namespace {

using layout::Architecture;

constexpr std::uint64_t disk_size = std::uint64_t{2} << 30;

/// Where `content` lies inside a partition; the first time.
std::uint64_t find_bytes(const Fd& disk, const layout::PlacedPartition& partition, std::string_view content) {
    std::vector<std::uint8_t> bytes(partition.size);
    read_exactly_at(disk.get(), bytes, partition.offset, "the disk");
    const auto found =
        std::ranges::search(bytes, content, {}, [](std::uint8_t byte) { return static_cast<char>(byte); });
    EXPECT_FALSE(found.empty()) << "the root does not hold the file's content";
    return partition.offset + static_cast<std::uint64_t>(found.begin() - bytes.begin());
}

void flip_byte(const Fd& disk, std::uint64_t offset) {
    std::vector<std::uint8_t> byte(1);
    read_exactly_at(disk.get(), byte, offset, "the disk");
    byte[0] ^= 1;
    write_all_at(disk.get(), byte, offset, "the disk");
}

TEST(Verity, RefusesABlockInWhichOneBitWasChanged) {
    MachineFolder folder("dev", Architecture::x86_64, disk_size);
    {
        // A file that nothing reads while the system starts.
        const layout::DiskLayout table = layout::read_partition_table(folder.disk());
        const Fd disk = open_file(folder.disk(), O_RDWR);
        flip_byte(disk, find_bytes(disk, table.at(layout::Part::root_a), "\"spdxVersion\""));
    }
    RunningMachine machine(folder.make_machine(), folder.path());
    machine.wait_for("cairn: all services are up");  // it was good before: it goes on with what is whole
    machine.log_in();
    const auto [status, output] = machine.try_to_run("cat /usr/share/cairn/sbom.spdx.json > /dev/null");
    EXPECT_NE(status, 0);
    EXPECT_NE(output.find("I/O error"), std::string::npos) << output;
    EXPECT_NE(machine.run("dmesg | grep -i verity").find("is corrupted"), std::string::npos);
}

}  // namespace
}  // namespace cairn::system_test
