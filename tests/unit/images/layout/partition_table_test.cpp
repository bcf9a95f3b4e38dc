#include "images/layout/partition_table.h"

#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/layout/seed.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::layout {
namespace {

using ::testing::HasSubstr;

const PartitionSizes small_sizes = {.esp = 4 * mebibyte, .root = 2 * mebibyte, .verity = mebibyte};

DiskLayout make_layout(Architecture architecture = Architecture::x86_64, std::uint32_t sector_size = 512) {
    return plan_image_disk(architecture, small_sizes, make_seed("base", "1", to_text(architecture)),
                           crypto::hash_sha256("root"), sector_size);
}

class PartitionTable : public testing::Test {
  protected:
    std::filesystem::path write(const std::string& name, const DiskLayout& layout) {
        const auto path = directory_.path() / name;
        write_file(path, "");
        std::filesystem::resize_file(path, layout.size);
        write_partition_table(path, layout);
        return path;
    }
    std::string sgdisk(std::vector<std::string> arguments, const std::filesystem::path& disk) {
        arguments.insert(arguments.begin(), "/usr/sbin/sgdisk");
        arguments.push_back(disk.string());
        return run_command_checked({.arguments = arguments});
    }
    TemporaryDirectory directory_;
};

TEST_F(PartitionTable, PartitionsFollowEachOtherAtOneMebibyte) {
    const DiskLayout layout = make_layout();
    EXPECT_EQ(layout.at(Part::esp).offset, mebibyte);
    EXPECT_EQ(layout.at(Part::root_a).offset, 5 * mebibyte);
    EXPECT_EQ(layout.at(Part::root_b_verity).offset, 10 * mebibyte);
    EXPECT_EQ(layout.size, 12 * mebibyte);
}

TEST_F(PartitionTable, ReadsBackWhatWasWritten) {
    for (const std::uint32_t sector_size : {512U, 4096U}) {
        const DiskLayout layout = make_layout(Architecture::aarch64, sector_size);
        EXPECT_EQ(read_partition_table(write("disk", layout), sector_size), layout);
    }
}

TEST_F(PartitionTable, SgdiskFindsNoProblemAndTheSameValues) {
    const DiskLayout layout = make_layout();
    const auto disk = write("disk", layout);
    EXPECT_THAT(sgdisk({"-v"}, disk), HasSubstr("No problems found"));
    const std::string root = sgdisk({"-i", "2"}, disk);
    EXPECT_THAT(root, HasSubstr("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"));
    EXPECT_THAT(root, HasSubstr("Partition name: 'root-a'"));
    EXPECT_THAT(root, HasSubstr("Attribute flags: 1000000000000000"));
    EXPECT_THAT(to_lower(root), HasSubstr(to_text(layout.at(Part::root_a).id)));
    EXPECT_THAT(to_lower(sgdisk({"-p"}, disk)), HasSubstr(to_text(layout.disk)));
}

TEST_F(PartitionTable, BackupTableStandsInForATornPrimary) {
    const auto disk = write("disk", make_layout());
    const Fd fd = open_file(disk, O_RDWR);
    write_all_at(fd.get(), std::vector<std::uint8_t>(8192, 0xff), 512, disk.string());
    EXPECT_EQ(read_partition_table(disk), make_layout());
}

TEST_F(PartitionTable, SameLayoutGivesTheSameBytes) {
    EXPECT_EQ(read_file(write("one", make_layout())), read_file(write("two", make_layout())));
}

TEST_F(PartitionTable, LeavesTheRestOfTheDiskAlone) {
    const DiskLayout layout = make_layout();
    const auto disk = directory_.path() / "disk";
    write_file(disk, std::string(layout.size, 'x'));
    write_partition_table(disk, layout);
    const std::string bytes = read_file(disk);
    EXPECT_EQ(bytes.substr(mebibyte, layout.size - 2 * mebibyte),
              std::string(layout.size - 2 * mebibyte, 'x'));
}

TEST_F(PartitionTable, DiskWithoutOneIsRefused) {
    const auto disk = directory_.path() / "disk";
    write_file(disk, std::string(2 * mebibyte, '\0'));
    EXPECT_THROW(read_partition_table(disk), Error);
}

}  // namespace
}  // namespace cairn::layout
