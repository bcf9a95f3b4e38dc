#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace cairn::stick {

enum class FileSystem { fat, exfat };

/// As mount(2) calls it.
const char* to_kernel_name(FileSystem file_system);

inline constexpr std::size_t boot_sector_size = 512;

/// Which of the two begins with these bytes; empty: neither. Only what stands in the first sector is looked
/// at: whether the rest holds together is for the kernel to say.
std::optional<FileSystem> find_file_system(std::span<const std::uint8_t, boot_sector_size> sector);

}  // namespace cairn::stick
