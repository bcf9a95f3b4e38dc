#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "installer/disks/disk_list.h"

namespace cairn::stick {

/// Where a stick may hold a file system: a partition, or the whole of a disk that has none.
struct Place {
    std::string name;            // "sdb1"
    std::string device;          // "8:17"
    std::filesystem::path node;  // /dev/sdb1
    std::uint64_t sequence = 0;  // of the disk's medium
    friend bool operator==(const Place&, const Place&) = default;
};

/// A disk on USB that is none of our sticks, and why.
struct PassedOver {
    std::string disk;
    std::uint64_t sequence = 0;
    std::string why;
    friend bool operator==(const PassedOver&, const PassedOver&) = default;
};

struct Choice {
    std::vector<Place> places;
    std::vector<PassedOver> passed_over;
    friend bool operator==(const Choice&, const Choice&) = default;
};

/// What may be looked at, in the order of names: only removable disks on USB, and never the one that the
/// system runs from.
Choice choose_places(std::span<const disks::DiskNode> disks, const std::filesystem::path& system_disk);

}  // namespace cairn::stick
