#include "installer/stick/boot_sector.h"

#include <fcntl.h>

#include <array>
#include <gtest/gtest.h>

#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::stick {
namespace {

using Sector = std::array<std::uint8_t, boot_sector_size>;

/// The first sector of what a program makes of an empty file.
Sector first_sector_of(std::vector<std::string> command, std::uint64_t size) {
    const TemporaryDirectory directory;
    const auto file = directory.path() / "image";
    write_file(file, "");
    std::filesystem::resize_file(file, size);
    command.push_back(file);
    run_command_checked({.arguments = std::move(command)});
    Sector sector = {};
    read_exactly_at(open_file(file, O_RDONLY).get(), sector, 0, file);
    return sector;
}

Sector make_exfat() {
    Sector sector = {0xeb, 0x76, 0x90, 'E', 'X', 'F', 'A', 'T', ' ', ' ', ' '};
    sector[510] = 0x55;
    sector[511] = 0xaa;
    return sector;
}

constexpr std::uint64_t mebibyte = 1 << 20;

TEST(BootSector, KnowsEveryKindOfFat) {
    for (const char* bits : {"12", "16", "32"}) {
        const std::uint64_t size = std::string_view(bits) == "12" ? 4 * mebibyte : 64 * mebibyte;
        EXPECT_EQ(find_file_system(first_sector_of({"mkfs.fat", "-F", bits}, size)), FileSystem::fat) << bits;
    }
    EXPECT_EQ(find_file_system(first_sector_of({"mkfs.fat", "-F", "32", "-S", "4096"}, 600 * mebibyte)),
              FileSystem::fat);
}

TEST(BootSector, KnowsExfat) {
    EXPECT_EQ(find_file_system(make_exfat()), FileSystem::exfat);
    EXPECT_STREQ(to_kernel_name(FileSystem::exfat), "exfat");
    EXPECT_STREQ(to_kernel_name(FileSystem::fat), "vfat");
}

TEST(BootSector, KnowsNothingElse) {
    EXPECT_EQ(find_file_system(first_sector_of({"mke2fs", "-q", "-t", "ext4"}, 4 * mebibyte)), std::nullopt);
    EXPECT_EQ(find_file_system(Sector()), std::nullopt);
    Sector partition_table = {};
    partition_table[510] = 0x55;
    partition_table[511] = 0xaa;
    EXPECT_EQ(find_file_system(partition_table), std::nullopt);
}

TEST(BootSector, WantsTheSignatureAtItsEnd) {
    Sector sector = make_exfat();
    sector[511] = 0;
    EXPECT_EQ(find_file_system(sector), std::nullopt);
}

/// NTFS has FAT's jump, sector and cluster sizes, and no tables.
TEST(BootSector, DoesNotTakeNtfsForFat) {
    Sector sector = first_sector_of({"mkfs.fat", "-F", "32"}, 64 * mebibyte);
    sector[16] = 0;
    EXPECT_EQ(find_file_system(sector), std::nullopt);
}

}  // namespace
}  // namespace cairn::stick
