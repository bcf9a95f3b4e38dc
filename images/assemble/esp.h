#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace cairn::assemble {

/// One file of the ESP: where it goes ("EFI/Linux/base_1.0.efi"; its folders are made) and the file it is
/// copied from.
struct EspFile {
    std::string path;
    std::filesystem::path source;
    friend bool operator==(const EspFile&, const EspFile&) = default;
};

/// The FAT32 file system of the ESP inside a disk image.
struct EspPlan {
    std::uint64_t offset = 0;  // bytes from the start of the image file
    std::uint64_t size = 0;    // bytes
    std::uint32_t sector_size = 512;
    std::uint32_t volume_id = 0;
    std::uint64_t time = 0;            // of every file and folder, seconds since 1970
    std::vector<std::string> folders;  // to be there even when empty; parents before children
    std::vector<EspFile> files;
    friend bool operator==(const EspPlan&, const EspPlan&) = default;
};

/// Makes the file system by mkfs.fat and mtools, in place, without any rights. The image file must be large
/// enough; free space stays a hole. Same plan and contents, same bytes.
void write_esp(const std::filesystem::path& image, const EspPlan& plan);

}  // namespace cairn::assemble
