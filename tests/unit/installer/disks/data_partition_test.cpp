#include "installer/disks/data_partition.h"

#include <gtest/gtest.h>

#include "tests/support/fake_disk.h"

namespace cairn::disks {
namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
const Guid some_type = layout::parse_guid("0fc63daf-8483-4772-8e79-3d69d8477de4");

Guid made_up_guid(std::uint8_t seed) {
    Guid guid;
    guid.bytes.fill(seed);
    return guid;
}

/// A table as an image has it: written for a disk of 100 MiB, with three partitions and nothing after them.
PartitionTable image_table(std::uint32_t sector_size) {
    const std::uint64_t unit = mebibyte / sector_size;
    PartitionTable table = {.disk = made_up_guid(1), .sector_size = sector_size, .first_usable = unit};
    table.partitions = {{1, some_type, made_up_guid(2), unit, unit * 40 - 1, 0, u"esp"},
                        {2, some_type, made_up_guid(3), unit * 40, unit * 90 - 1, 0, u"root-a"},
                        {3, some_type, made_up_guid(4), unit * 90, unit * 99 - 1, 0, u"root-a-verity"}};
    return grow_to(table, mebibyte * 100);
}

/// A disk onto which an image was copied: the backup table is where the image ended.
FakeDisk make_disk(std::uint64_t size, std::uint32_t sector_size) {
    FakeDisk disk(size, sector_size);
    for (const TableWrite& step : plan_table_writes(image_table(sector_size), mebibyte * 100))
        disk.write(step.offset, step.bytes);
    disk.forget_events();
    return disk;
}

class DataPartition : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(SectorSizes, DataPartition, testing::Values(512, 4096));

TEST_P(DataPartition, TakesTheRoomToTheEndOfTheDisk) {
    const auto region = find_room_for_data(image_table(GetParam()), mebibyte * 1000);
    ASSERT_TRUE(region);
    EXPECT_EQ(region->first * GetParam(), mebibyte * 99);
    EXPECT_EQ((region->last + 1) * GetParam(), mebibyte * 999);
}

TEST_P(DataPartition, NeedsSomeRoom) {
    EXPECT_FALSE(find_room_for_data(image_table(GetParam()), mebibyte * 100));
    EXPECT_FALSE(find_room_for_data(image_table(GetParam()), mebibyte * 163));
    EXPECT_TRUE(find_room_for_data(image_table(GetParam()), mebibyte * 165));
}

TEST_P(DataPartition, GivesTheMachineItsOwnGuidsButKeepsTheSlots) {
    std::uint8_t next = 100;
    const auto table = with_data_partition(image_table(GetParam()), {mebibyte, mebibyte * 2, GetParam()},
                                           mebibyte * 1000, [&] { return made_up_guid(next++); });
    EXPECT_EQ(table.disk, made_up_guid(100));
    EXPECT_EQ(table.find_partition(1)->id, made_up_guid(101));
    EXPECT_EQ(table.find_partition(2)->id, made_up_guid(3));
    EXPECT_EQ(table.find_partition(3)->id, made_up_guid(4));
    EXPECT_EQ(table.find_partition(6)->id, made_up_guid(102));
    EXPECT_EQ(table.find_partition(6)->name, u"data");
}

/// One first boot as `init` does it; gives the table that was in force when it began.
void run_first_boot(FakeDisk& disk) {
    const auto found = find_partition_table(disk);
    ASSERT_TRUE(found);
    if (found->table.find_partition(6) != nullptr) return;
    const auto region = find_room_for_data(found->table, disk.size());
    ASSERT_TRUE(region);
    make_data_partition(disk, found->table, *region, make_random_guid, [&](const Region& room) {
        const std::uint64_t length = mebibyte;
        disk.write(room.first * room.sector_size, std::vector<std::uint8_t>(length, 0xda));
        disk.write((room.last + 1) * room.sector_size - length, std::vector<std::uint8_t>(length, 0xda));
        disk.sync();
    });
}

bool has_whole_file_system(FakeDisk& disk, const Partition& data) {
    const std::vector<std::uint8_t> whole(mebibyte, 0xda);
    return disk.read(data.first_sector * disk.sector_size(), mebibyte) == whole &&
           disk.read((data.last_sector + 1) * disk.sector_size() - mebibyte, mebibyte) == whole;
}

TEST_P(DataPartition, PowerCutsAtEveryWriteEndInAWholePartition) {
    FakeDisk disk = make_disk(mebibyte * 200, GetParam());
    const FakeDisk before = disk;
    run_first_boot(disk);
    int begun_anew = 0;
    int already_there = 0;
    for (FakeDisk& state : make_crash_states(before, disk.events())) {
        const auto found = find_partition_table(state);
        ASSERT_TRUE(found);
        if (const Partition* data = found->table.find_partition(6)) {
            EXPECT_TRUE(has_whole_file_system(state, *data));
            ++already_there;
        } else {
            EXPECT_EQ(found->table, image_table(GetParam()));
            run_first_boot(state);
            const auto after = find_partition_table(state);
            ASSERT_TRUE(after && after->table.find_partition(6) != nullptr);
            EXPECT_TRUE(has_whole_file_system(state, *after->table.find_partition(6)));
            ++begun_anew;
        }
    }
    EXPECT_GT(begun_anew, 4);
    EXPECT_GT(already_there, 4);
}

TEST_P(DataPartition, NoTableIsTouchedWhenTheFileSystemCannotBeMade) {
    FakeDisk disk = make_disk(mebibyte * 200, GetParam());
    const auto table = image_table(GetParam());
    const auto region = find_room_for_data(table, disk.size());
    EXPECT_THROW(make_data_partition(disk, table, *region, make_random_guid,
                                     [](const Region&) { throw std::runtime_error("no"); }),
                 std::runtime_error);
    EXPECT_TRUE(disk.events().empty());
}

}  // namespace
}  // namespace cairn::disks
