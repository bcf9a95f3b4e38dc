#pragma once

#include <cstdint>
#include <filesystem>

#include "images/layout/disk_layout.h"

/// GUID partition tables in files and on devices, by libfdisk: what a whole image or a fresh disk gets. (A
/// table in use is only ever changed by the first process, in the order that installer/disks describes.)
namespace cairn::layout {

/// Writes protective MBR, primary and backup table. A file must have the layout's size already. Bytes outside
/// of the tables are left alone. Same layout, same bytes. Nothing is synced.
void write_partition_table(const std::filesystem::path& disk, const DiskLayout& layout);

/// Reads a table back. Throws Error for a disk without one, and for a partition whose number and name are not
/// ours.
DiskLayout read_partition_table(const std::filesystem::path& disk, std::uint32_t sector_size = 512);

}  // namespace cairn::layout
