#include "installer/stick/choice.h"

#include <gtest/gtest.h>

namespace cairn::stick {
namespace {

disks::DiskNode make_stick() {
    disks::DiskNode disk = {.name = "sdb",
                            .device = "8:16",
                            .node = "/dev/sdb",
                            .size = 1 << 30,
                            .is_removable = true,
                            .is_on_usb = true,
                            .sequence = 7};
    disk.partitions[1] = {"8:17", "/dev/sdb1", 1 << 20, 1 << 29};
    disk.partitions[5] = {"8:21", "/dev/sdb5", 1 << 29, 1 << 28};
    return disk;
}

Choice choose(const disks::DiskNode& disk) {
    return choose_places(std::span(&disk, 1), "/dev/sda");
}

TEST(Choice, TakesEachPartitionOfAStick) {
    const Choice expected = {.places = {{"sdb1", "8:17", "/dev/sdb1", 7}, {"sdb5", "8:21", "/dev/sdb5", 7}},
                             .passed_over = {}};
    EXPECT_EQ(choose(make_stick()), expected);
}

TEST(Choice, TakesTheWholeOfAStickWithoutPartitions) {
    disks::DiskNode disk = make_stick();
    disk.partitions.clear();
    const Choice expected = {.places = {{"sdb", "8:16", "/dev/sdb", 7}}, .passed_over = {}};
    EXPECT_EQ(choose(disk), expected);
}

TEST(Choice, NeverTakesTheDiskThatTheSystemRunsFrom) {
    const disks::DiskNode disk = make_stick();
    const Choice expected = {.places = {}, .passed_over = {{"sdb", 7, "the system runs from it"}}};
    EXPECT_EQ(choose_places(std::span(&disk, 1), "/dev/sdb"), expected);
}

TEST(Choice, NeverTakesAFixedDisk) {
    disks::DiskNode disk = make_stick();
    disk.is_removable = false;
    const Choice found = choose(disk);
    EXPECT_TRUE(found.places.empty());
    ASSERT_EQ(found.passed_over.size(), 1U);
    EXPECT_EQ(found.passed_over[0].why, "it is a fixed disk, not a stick: it says so itself");
}

TEST(Choice, SaysNothingOfDisksThatAreNotOnUsb) {
    disks::DiskNode disk = make_stick();
    disk.is_on_usb = false;
    EXPECT_EQ(choose(disk), Choice());
}

}  // namespace
}  // namespace cairn::stick
