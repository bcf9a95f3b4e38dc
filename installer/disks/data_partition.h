#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "installer/disks/gpt.h"

/// Making the `data` partition on the first boot.
///
/// The order is what makes it safe: the file system is made whole on the free region and synced while no
/// table names it, and only then does a table with the partition appear. So a partition that is there was
/// made whole, and nothing ever has a reason to format it again.
namespace cairn::disks {

/// Sectors of the disk, `last` included.
struct Region {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint32_t sector_size = 512;
    std::uint64_t size() const { return (last - first + 1) * sector_size; }
    friend bool operator==(const Region&, const Region&) = default;
};

/// The free room behind the last partition up to the disk's end, at borders of 1 MiB. Empty when less than 64
/// MiB.
std::optional<Region> find_room_for_data(const PartitionTable& table, std::uint64_t disk_size);

/// The table with `data` in it, grown to the disk, and with fresh GUIDs for the disk, its partition 1 and the
/// data, so that no two machines share them. The slots keep theirs: they are the halves of the root hash.
PartitionTable with_data_partition(PartitionTable table, const Region& region, std::uint64_t disk_size,
                                   const std::function<Guid()>& make_guid);

/// Carries it out: `make_file_system` fills the region and syncs it, then the table is written.
///
/// Power may fail between any two steps. Until the whole backup table is on the disk and the primary one is
/// torn or replaced, the old table counts, there is no partition, and the next boot begins anew; afterwards
/// the partition is there with its whole file system in it.
PartitionTable make_data_partition(BlockDevice& disk, const PartitionTable& table, const Region& region,
                                   const std::function<Guid()>& make_guid,
                                   const std::function<void(const Region&)>& make_file_system);

}  // namespace cairn::disks
