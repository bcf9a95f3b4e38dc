#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cairn::disks {

/// A partition as the kernel knows it.
struct PartitionNode {
    std::string device;          // "major:minor", as device-mapper tables want it
    std::filesystem::path node;  // /dev/vda2
    std::uint64_t start = 0;     // bytes from the disk's start
    std::uint64_t size = 0;      // bytes
    friend bool operator==(const PartitionNode&, const PartitionNode&) = default;
};

/// A disk that the kernel knows: real hardware, not loop, RAM or mapped devices.
struct DiskNode {
    std::string name;            // "vda"
    std::string device;          // "major:minor"
    std::filesystem::path node;  // /dev/vda
    std::uint64_t size = 0;      // bytes
    bool is_removable = false;
    std::map<std::uint32_t, PartitionNode> partitions = {};  // by number
    bool is_on_usb = false;
    std::uint64_t sequence = 0;  // of this medium: another one under the same name has a higher number
    friend bool operator==(const DiskNode&, const DiskNode&) = default;
};

/// Reads /sys/class/block, sorted by name. Disks without a medium are left out. `sys` and `dev` are for
/// tests.
std::vector<DiskNode> read_disks(const std::filesystem::path& sys = "/sys",
                                 const std::filesystem::path& dev = "/dev");

/// Tells the kernel about a partition that a table written just now has. Sizes in bytes.
void add_kernel_partition(const std::filesystem::path& disk, std::uint32_t number, std::uint64_t start,
                          std::uint64_t size);

}  // namespace cairn::disks
