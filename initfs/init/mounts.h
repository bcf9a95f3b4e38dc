#pragma once

#include <filesystem>
#include <string>

namespace cairn::init {

/// Where the root is put together before it becomes "/".
inline constexpr const char* new_root = "/sysroot";
/// Where the data partition waits until the root is there.
inline constexpr const char* data_place = "/data";

/// /proc, /sys with EFI variables, control groups and crash store, and /dev with terminals and shared memory.
/// The last few may be missing in a kernel; the first three may not.
void mount_kernel_file_systems();

/// /etc, /run and /tmp of the new root, in memory.
void mount_memory_file_systems();
/// The data partition on /var of the new root.
void move_data_to_new_root();
/// Memory on /var, when there is no data partition to use.
void mount_memory_instead_of_data();

}  // namespace cairn::init
