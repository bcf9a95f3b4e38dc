#pragma once

#include <string_view>

/// Names of the fields of /run/cairn/boot.json, which the first process writes once it has opened the root
/// and which everything else believes about this boot.
namespace cairn::layout::boot_report {

inline constexpr std::string_view name = "name";            // of the image
inline constexpr std::string_view version = "version";      // of the image
inline constexpr std::string_view machine = "machine";      // what this computer calls itself
inline constexpr std::string_view disk = "disk";            // device node of the whole disk: "/dev/nvme0n1"
inline constexpr std::string_view disk_id = "disk_id";      // GUID of its partition table
inline constexpr std::string_view slot = "slot";            // "a" or "b"
inline constexpr std::string_view root_hash = "root_hash";  // 64 hexadecimal digits
inline constexpr std::string_view boot_file =
    "boot_file";  // name in EFI/Linux, as the loader gave it; "" when unknown
inline constexpr std::string_view on_trial = "on_trial";      // true: this version has yet to prove itself
inline constexpr std::string_view tries_left = "tries_left";  // only on trial
inline constexpr std::string_view tries_done = "tries_done";  // only on trial
inline constexpr std::string_view first_boot = "first_boot";  // true: this boot made the data partition
inline constexpr std::string_view data = "data";              // "mounted", "made" or "failed"
inline constexpr std::string_view data_error = "data_error";  // why, when failed
inline constexpr std::string_view peak_bytes = "peak_bytes";  // of memory that the first process has had

}  // namespace cairn::layout::boot_report
