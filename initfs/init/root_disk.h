#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "initfs/init/command_line.h"
#include "installer/disks/disk_list.h"
#include "installer/disks/root_search.h"
#include "pkg/base/error.h"

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

/// No disk holds the root of this version.
class RootNotFound : public Error {
    using Error::Error;
};

/// Looks until the root is found and no further disk appeared in between, calling `between` (drivers,
/// watchdog) before each look. Throws RootNotFound that names the disks seen when `parameters.wait` is over.
RootDisk wait_for_root(const BootParameters& parameters, const std::optional<layout::Guid>& loader_partition,
                       const std::function<void()>& between);

/// The disk that the loader was started from, whatever its slots hold: `slot` says nothing. Empty when the
/// loader does not say, or the disk is not there.
std::optional<RootDisk> find_loader_disk(const std::optional<layout::Guid>& loader_partition);

/// The node of a partition of the table; partitions that the kernel does not know yet are announced to it
/// first.
disks::PartitionNode find_partition_node(const RootDisk& disk, layout::Part part);

}  // namespace cairn::init
