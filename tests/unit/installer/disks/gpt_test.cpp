#include "installer/disks/gpt.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "tests/support/fake_disk.h"

namespace cairn::disks {
namespace {

const Guid linux_type = layout::parse_guid("0fc63daf-8483-4772-8e79-3d69d8477de4");

Guid made_up_guid(std::uint8_t seed) {
    Guid guid;
    guid.bytes.fill(seed);
    return guid;
}

PartitionTable make_table(std::uint64_t disk_size, std::uint32_t sector_size) {
    PartitionTable table = {.disk = made_up_guid(1), .sector_size = sector_size, .first_usable = 2048};
    const std::uint64_t mebibyte = (1 << 20) / sector_size;
    table.partitions = {
        {1, linux_type, made_up_guid(2), mebibyte * 8, mebibyte * 16 - 1, 0, u"esp"},
        {3, linux_type, made_up_guid(3), mebibyte * 16, mebibyte * 24 - 1, 1ULL << 60, u"root-a"}};
    return grow_to(table, disk_size);
}

class Gpt : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(SectorSizes, Gpt, testing::Values(512, 4096));

TEST_P(Gpt, ReadsWhatItWrote) {
    FakeDisk disk(64 << 20, GetParam());
    const PartitionTable table = make_table(disk.size(), GetParam());
    write_partition_table(disk, table);
    const auto found = find_partition_table(disk);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->table, table);
    EXPECT_FALSE(found->is_from_backup);
}

TEST_P(Gpt, FindsNothingOnAnEmptyDisk) {
    FakeDisk disk(64 << 20, GetParam());
    EXPECT_FALSE(find_partition_table(disk));
}

TEST_P(Gpt, UsesTheBackupWhenAnyByteOfThePrimaryIsDamaged) {
    FakeDisk whole(64 << 20, GetParam());
    write_partition_table(whole, make_table(whole.size(), GetParam()));
    // The header's 92 bytes and the first entries; reserved bytes behind them mean nothing.
    for (const std::uint64_t base : {GetParam() * std::uint64_t{1}, GetParam() * std::uint64_t{2}}) {
        for (std::uint64_t at = 0; at < 92; ++at) {
            FakeDisk disk = whole;
            auto sector = disk.read(base, GetParam());
            sector[at] ^= 0x40;
            disk.write(base, sector);
            const auto found = find_partition_table(disk);
            ASSERT_TRUE(found) << base << " " << at;
            EXPECT_TRUE(found->is_from_backup) << base << " " << at;
        }
    }
}

TEST_P(Gpt, RefusesPartitionsThatOverlapOrLeaveTheDisk) {
    FakeDisk disk(64 << 20, GetParam());
    PartitionTable table = make_table(disk.size(), GetParam());
    const auto plan = plan_table_writes(table, disk.size());
    for (const auto& step : plan) disk.write(step.offset, step.bytes);
    FakeDisk shorter(32 << 20, GetParam());
    for (const auto& step : plan)
        if (step.offset + step.bytes.size() <= shorter.size()) shorter.write(step.offset, step.bytes);
    EXPECT_FALSE(find_partition_table(shorter));
}

TEST_P(Gpt, AWholeTableOldOrNewIsInForceAtEveryMomentOfWriting) {
    FakeDisk disk(64 << 20, GetParam());
    const PartitionTable old_table = make_table(disk.size(), GetParam());
    write_partition_table(disk, old_table);
    disk.forget_events();
    const FakeDisk before = disk;
    PartitionTable new_table = old_table;
    new_table.disk = made_up_guid(9);
    new_table.partitions.push_back(
        {6, linux_type, made_up_guid(4), 60000 / (GetParam() / 512), 70000 / (GetParam() / 512), 0, u"data"});
    write_partition_table(disk, new_table);

    int old_states = 0;
    int new_states = 0;
    for (FakeDisk& state : make_crash_states(before, disk.events())) {
        const auto found = find_partition_table(state);
        ASSERT_TRUE(found);
        if (found->table == old_table)
            ++old_states;
        else if (found->table == new_table)
            ++new_states;
        else
            ADD_FAILURE() << "a table that is neither";
    }
    EXPECT_GT(old_states, 4);
    EXPECT_GT(new_states, 4);
}

TEST_P(Gpt, RepairingTheTornPrimaryNeverEndangersTheTable) {
    FakeDisk disk(64 << 20, GetParam());
    const PartitionTable table = make_table(disk.size(), GetParam());
    write_partition_table(disk, table);
    disk.write(GetParam(), std::vector<std::uint8_t>(GetParam(), 0xee));
    disk.forget_events();
    const FakeDisk before = disk;
    ASSERT_TRUE(find_partition_table(disk)->is_from_backup);
    repair_primary_table(disk, table);
    EXPECT_FALSE(find_partition_table(disk)->is_from_backup);
    for (FakeDisk& state : make_crash_states(before, disk.events())) {
        const auto found = find_partition_table(state);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->table, table);
    }
}

TEST(GptSyncs, EachStepIsSyncedBeforeTheNext) {
    FakeDisk disk(64 << 20, 512);
    write_partition_table(disk, make_table(disk.size(), 512));
    ASSERT_EQ(disk.events().size(), 8U);
    for (std::size_t index = 0; index < 8; ++index)
        EXPECT_EQ(std::holds_alternative<FakeDisk::Sync>(disk.events()[index]), index % 2 == 1);
}

// What others make of our tables; sgdisk's exit status says nothing, its words do.
TEST(Gpt, IsSoundToSgdisk) {
    if (!find_program("sgdisk")) GTEST_SKIP() << "sgdisk is not installed";
    const TemporaryDirectory directory;
    const auto path = directory.path() / "disk.img";
    write_file(path, "");
    std::filesystem::resize_file(path, 64 << 20);
    DiskFile disk(path, DiskFile::Access::read_write);
    // A protective MBR: sgdisk wants one, and first boot leaves the image's in place.
    std::vector<std::uint8_t> mbr(512);
    mbr[446 + 4] = 0xee;
    mbr[446 + 8] = 1;
    std::fill_n(mbr.begin() + 446 + 12, 4, std::uint8_t{0xff});
    mbr[510] = 0x55;
    mbr[511] = 0xaa;
    disk.write(0, mbr);
    write_partition_table(disk, make_table(disk.size(), 512));
    const std::string words = run_command({.arguments = {"sgdisk", "-v", path.string()}}).output;
    EXPECT_NE(words.find("No problems found"), std::string::npos) << words;
}

}  // namespace
}  // namespace cairn::disks
