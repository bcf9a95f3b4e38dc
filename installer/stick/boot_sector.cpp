#include "installer/stick/boot_sector.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace cairn::stick {

namespace {

using Sector = std::span<const std::uint8_t, boot_sector_size>;

bool has_text(Sector sector, std::size_t offset, std::string_view text) {
    return std::ranges::equal(sector.subspan(offset, text.size()), text,
                              [](std::uint8_t byte, char c) { return byte == static_cast<std::uint8_t>(c); });
}

bool has_signature(Sector sector) {
    return sector[510] == 0x55 && sector[511] == 0xaa;
}

/// The fields that every FAT has, whichever program made it. NTFS begins much the same, without any tables.
bool is_fat(Sector sector) {
    const bool has_jump = sector[0] == 0xeb || sector[0] == 0xe9;
    const unsigned sector_size = sector[11] | static_cast<unsigned>(sector[12]) << 8;
    const unsigned cluster_sectors = sector[13];
    const unsigned tables = sector[16];
    const unsigned medium = sector[21];
    return has_jump && std::has_single_bit(sector_size) && sector_size >= 512 && sector_size <= 4096 &&
           std::has_single_bit(cluster_sectors) && (tables == 1 || tables == 2) && medium >= 0xf0;
}

}  // namespace

const char* to_kernel_name(FileSystem file_system) {
    return file_system == FileSystem::exfat ? "exfat" : "vfat";
}

std::optional<FileSystem> find_file_system(Sector sector) {
    if (!has_signature(sector)) return std::nullopt;
    if (has_text(sector, 3, "EXFAT   ")) return FileSystem::exfat;
    if (is_fat(sector)) return FileSystem::fat;
    return std::nullopt;
}

}  // namespace cairn::stick
