#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "initfs/init/command_line.h"
#include "installer/disks/disk_list.h"
#include "installer/disks/root_search.h"

namespace cairn::init {

/// The disk that the system runs from, and the slot on it.
struct RootDisk {
    disks::DiskNode node;
    disks::PartitionTable table;
    bool is_table_from_backup = false;
    disks::FilledSlot slot;
};

/// One look at the disks that are there.
struct DiskSearch {
    std::vector<std::string> seen;  // names, for the message when nothing is found
    std::optional<RootDisk> found;
};

/// Looks once. Disks that cannot be read are passed over. Throws Error when two qualify.
DiskSearch search_disks(const disks::RootHash& root_hash,
                        const std::optional<layout::Guid>& loader_partition);

/// Looks until the root is found and no further disk appeared in between, calling `between` (drivers,
/// watchdog) before each look. Throws Error that names the disks seen when `parameters.wait` is over.
RootDisk wait_for_root(const BootParameters& parameters, const std::optional<layout::Guid>& loader_partition,
                       const std::function<void()>& between);

/// The node of a partition of the table; partitions that the kernel does not know yet are announced to it
/// first.
disks::PartitionNode find_partition_node(const RootDisk& disk, layout::Part part);

}  // namespace cairn::init
