#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "images/layout/guid.h"
#include "images/layout/partitions.h"
#include "installer/disks/block_device.h"

/// GUID partition tables: reading both copies, and writing them so that power may fail at any moment.
///
/// Of a disk's two copies the primary counts whenever it is whole, and the backup (in the last sectors)
/// otherwise; firmware and kernel (with `gpt` on its command line) choose the same way. Writing changes the
/// backup first, so at every moment one copy is whole, and which one counts says whether the old or the new
/// table is in force:
///
/// | power fails …                         | primary | backup | in force |
/// |----------------------------------------|---------|--------|----------|
/// | while or after the backup is written    | old     | any    | old      |
/// | while the primary is written            | torn    | new    | new      |
/// | after that                              | new     | new    | new      |
namespace cairn::disks {

using layout::Guid;

/// A version 4 GUID from the kernel's random numbers.
Guid make_random_guid();

struct Partition {
    std::uint32_t number = 0;  // from 1
    Guid type;
    Guid id;
    std::uint64_t first_sector = 0;
    std::uint64_t last_sector = 0;  // belongs to the partition
    std::uint64_t attributes = 0;
    std::u16string name = {};  // at most 36 units
    friend bool operator==(const Partition&, const Partition&) = default;
};

struct PartitionTable {
    Guid disk;
    std::uint32_t sector_size = 512;
    std::uint64_t first_usable = 0;
    std::uint64_t last_usable = 0;
    std::uint32_t entry_count = 128;
    std::vector<Partition> partitions = {};  // by number
    friend bool operator==(const PartitionTable&, const PartitionTable&) = default;

    const Partition* find_partition(std::uint32_t number) const;
    const Partition* find_partition(layout::Part part) const {
        return find_partition(layout::number_of(part));
    }
};

/// What was found on a disk.
struct FoundTable {
    PartitionTable table;
    /// True when only the backup was whole: a write of the table was cut off, or the disk's start was
    /// damaged.
    bool is_from_backup = false;
};

/// The table in force; empty when neither copy is whole. A copy is whole when signature, place and both
/// checksums are right and its partitions lie inside the disk and beside each other.
std::optional<FoundTable> find_partition_table(BlockDevice& disk);

/// One step of writing a table; a sync follows each.
struct TableWrite {
    std::string what;
    std::uint64_t offset = 0;
    std::vector<std::uint8_t> bytes;
};

/// The steps that put `table` on a disk of `disk_size` bytes, in the order that the table at the top
/// promises. The table's last usable sector must fit that size (see grow_to).
std::vector<TableWrite> plan_table_writes(const PartitionTable& table, std::uint64_t disk_size);

/// Carries the plan out, with a sync after each step.
void write_partition_table(BlockDevice& disk, const PartitionTable& table);

/// Writes the primary copy alone, for a table that was found only in the backup: the backup must stay
/// untouched as long as it is the only whole copy. Called before anything else is written.
void repair_primary_table(BlockDevice& disk, const PartitionTable& table);

/// The same table with all sectors of a disk of this size usable.
PartitionTable grow_to(PartitionTable table, std::uint64_t disk_size);

}  // namespace cairn::disks
