#include <format>
#include <gtest/gtest.h>

#include "images/emulator/image_folder.h"
#include "tests/system/running_machine.h"

namespace cairn::system_test {
namespace {

using emulator::DiskKind;
using layout::Architecture;

// A power of two: SD cards come in no other sizes.
constexpr std::uint64_t disk_size = std::uint64_t{4} << 30;

struct Case {
    std::string name;
    Architecture architecture;
    DiskKind kind;
    std::string image = "dev";
    std::uint32_t sector_size = 512;
};

class DevicesLong : public testing::TestWithParam<Case> {};

/// First and second boot from one kind of disk.
TEST_P(DevicesLong, Boots) {
    MachineFolder folder(GetParam().image, GetParam().architecture, disk_size);
    emulator::Machine description = folder.make_machine();
    description.disks[0].kind = GetParam().kind;
    description.disks[0].sector_size = GetParam().sector_size;
    if (GetParam().kind == DiskKind::sd)
        description.boot_file =
            emulator::find_boot_file(find_image_folder(GetParam().image, GetParam().architecture));
    for (const char* data : {"\"made\"", "\"mounted\""}) {
        RunningMachine machine(description, folder.path());
        machine.wait_for("cairn: all services are up");
        machine.log_in();
        EXPECT_NE(machine.run("cat /run/cairn/boot.json").find(data), std::string::npos);
        machine.type("poweroff\n");
        machine.wait_until_off();
    }
}

INSTANTIATE_TEST_SUITE_P(
    Disks, DevicesLong,
    testing::Values(Case{"nvme_x86_64", Architecture::x86_64, DiskKind::nvme},
                    Case{"ahci_x86_64", Architecture::x86_64, DiskKind::ahci},
                    Case{"usb_x86_64", Architecture::x86_64, DiskKind::usb},
                    Case{"sd_x86_64", Architecture::x86_64, DiskKind::sd},
                    Case{"nvme_4k_x86_64", Architecture::x86_64, DiskKind::nvme, "dev-4k", 4096},
                    Case{"virtio_4k_x86_64", Architecture::x86_64, DiskKind::virtio, "dev-4k", 4096},
                    Case{"nvme_aarch64", Architecture::aarch64, DiskKind::nvme},
                    Case{"usb_aarch64", Architecture::aarch64, DiskKind::usb},
                    Case{"sd_aarch64", Architecture::aarch64, DiskKind::sd}),
    [](const auto& info) { return info.param.name; });

TEST(TwoDisksLong, WithTheSameImageAreToldApartByTheOneTheLoaderCameFrom) {
    MachineFolder folder("dev", Architecture::x86_64, disk_size);
    MachineFolder other("dev", Architecture::x86_64, disk_size);
    {
        // Once booted, a disk has GUIDs of its own.
        RunningMachine machine(folder.make_machine(), folder.path());
        machine.wait_for("cairn: all services are up");
        machine.log_in();
        machine.run("echo first > /var/lib/which && sync");
        machine.type("poweroff\n");
        machine.wait_until_off();
    }
    emulator::Machine both = folder.make_machine();
    both.disks.push_back({.file = other.disk()});
    RunningMachine machine(both, folder.path());
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    EXPECT_EQ(machine.run("cat /var/lib/which"), "first\n");
}

TEST(TwoDisksLong, ThatCannotBeToldApartAreRefusedByName) {
    MachineFolder folder("dev", Architecture::x86_64, disk_size);
    MachineFolder other("dev", Architecture::x86_64, disk_size);
    emulator::Machine both = folder.make_machine();
    both.disks.push_back({.file = other.disk()});
    RunningMachine machine(both, folder.path());
    machine.wait_for("this boot FAILED");
    machine.wait_for("/dev/vda");
    machine.wait_for("/dev/vdb");
}

}  // namespace
}  // namespace cairn::system_test
