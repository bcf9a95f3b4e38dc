#pragma once

#include <cstdint>
#include <filesystem>

/// What a machine needs to know of a folder that `build-image` made: from its manifest.json.
namespace cairn::emulator {

/// The image's boot file (UKI).
std::filesystem::path find_boot_file(const std::filesystem::path& image_folder);

/// The sectors of the disks that its disk.img is for, in bytes.
std::uint32_t find_sector_size(const std::filesystem::path& image_folder);

}  // namespace cairn::emulator
