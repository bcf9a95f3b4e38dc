#include "installer/disks/root_search.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "tests/support/fake_disk.h"

namespace cairn::disks {
namespace {

const RootHash wanted = RootHash::parse(std::string(64, 'a'));
const RootHash other = RootHash::parse(std::string(64, 'b'));
const Guid first_esp = layout::parse_guid("11111111-1111-1111-1111-111111111111");
const Guid second_esp = layout::parse_guid("22222222-2222-2222-2222-222222222222");

FilledSlot make_slot(layout::Slot slot, const RootHash& root) {
    return {slot, {.uuid = root.first_half(), .data_blocks = 1}};
}

SearchedDisk make_disk(const std::string& name, const Guid& esp, std::vector<FilledSlot> slots) {
    PartitionTable table;
    table.partitions = {{1, {}, esp, 100, 200, 0, u"esp"}};
    return {.name = name, .table = table, .slots = std::move(slots)};
}

TEST(FindRoot, TakesTheOnlyDiskThatHoldsTheRoot) {
    const std::vector disks = {
        make_disk("a", first_esp, {make_slot(layout::Slot::a, other)}),
        make_disk("b", second_esp, {make_slot(layout::Slot::a, other), make_slot(layout::Slot::b, wanted)})};
    const auto found = find_root(disks, wanted, std::nullopt);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->disk->name, "b");
    EXPECT_EQ(found->slot.slot, layout::Slot::b);
}

TEST(FindRoot, StopsAtTwoDisksAndNamesThem) {
    const std::vector disks = {make_disk("/dev/vda", first_esp, {make_slot(layout::Slot::a, wanted)}),
                               make_disk("/dev/vdb", second_esp, {make_slot(layout::Slot::a, wanted)})};
    try {
        find_root(disks, wanted, std::nullopt);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_TRUE(error.report().contains("/dev/vda (slot a), /dev/vdb (slot a)")) << error.report();
    }
}

TEST(FindRoot, TheLoaderDecidesBetweenTwoDisks) {
    const std::vector disks = {make_disk("/dev/vda", first_esp, {make_slot(layout::Slot::a, wanted)}),
                               make_disk("/dev/vdb", second_esp, {make_slot(layout::Slot::a, wanted)})};
    EXPECT_EQ(find_root(disks, wanted, second_esp)->disk->name, "/dev/vdb");
}

TEST(FindRoot, TwoDisksWithTheLoadersPartitionAreTwoMatches) {
    const std::vector disks = {make_disk("/dev/vda", first_esp, {make_slot(layout::Slot::a, wanted)}),
                               make_disk("/dev/vdb", first_esp, {make_slot(layout::Slot::a, wanted)})};
    EXPECT_THROW(find_root(disks, wanted, first_esp), Error);
}

TEST(FindRoot, ADiskThatTheLoaderDoesNotNameIsNotTaken) {
    const std::vector disks = {make_disk("/dev/vda", first_esp, {make_slot(layout::Slot::a, wanted)})};
    EXPECT_FALSE(find_root(disks, wanted, second_esp));
}

TEST(FindRoot, BothSlotsWithOneRootAreTwoMatches) {
    const std::vector disks = {make_disk(
        "/dev/vda", first_esp, {make_slot(layout::Slot::a, wanted), make_slot(layout::Slot::b, wanted)})};
    EXPECT_THROW(find_root(disks, wanted, first_esp), Error);
}

TEST(FindSearchedDisk, ReadsTheSuperblocksOfTheSlots) {
    FakeDisk disk(64 << 20, 512);
    PartitionTable table = {.disk = first_esp, .first_usable = 2048};
    table.partitions = {{1, second_esp, first_esp, 2048, 4095, 0, u"esp"},
                        {2, second_esp, first_esp, 4096, 8191, 0, u"root-a"},
                        {3, second_esp, first_esp, 8192, 10239, 0, u"root-a-verity"},
                        {4, second_esp, first_esp, 10240, 12287, 0, u"root-b"},
                        {5, second_esp, first_esp, 12288, 14335, 0, u"root-b-verity"}};
    write_partition_table(disk, grow_to(table, disk.size()));
    std::vector<std::uint8_t> superblock(512);
    std::ranges::copy(std::string_view("verity"), superblock.begin());
    superblock[8] = superblock[12] = 1;
    std::ranges::copy(wanted.first_half(), superblock.begin() + 16);
    std::ranges::copy(std::string_view("sha256"), superblock.begin() + 32);
    superblock[65] = superblock[69] = 0x10;
    superblock[72] = 1;
    disk.write(std::uint64_t{12288} * 512, superblock);

    const auto searched = find_searched_disk(disk);
    ASSERT_TRUE(searched);
    ASSERT_EQ(searched->slots.size(), 1U);
    EXPECT_EQ(searched->slots[0].slot, layout::Slot::b);

    superblock[74] = 1;  // more blocks than the partition has
    disk.write(std::uint64_t{12288} * 512, superblock);
    EXPECT_TRUE(find_searched_disk(disk)->slots.empty());
}

}  // namespace
}  // namespace cairn::disks
