#include "installer/disks/root_search.h"

#include <algorithm>
#include <format>

#include "images/layout/verity_format.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::disks {

namespace {

std::optional<VeritySuperblock> read_superblock(BlockDevice& disk, const Partition& partition) {
    const std::uint64_t length = std::max<std::uint64_t>(layout::verity_superblock::size, disk.sector_size());
    const auto superblock =
        find_verity_superblock(disk.read(partition.first_sector * disk.sector_size(), length));
    return superblock;
}

bool has_partition(const SearchedDisk& disk, const Guid& id) {
    return std::ranges::contains(disk.table.partitions, id, &Partition::id);
}

/// The whole root must lie in its partition, or the superblock speaks of something else.
bool is_inside(const FilledSlot& slot, const PartitionTable& table) {
    const Partition* root = table.find_partition(layout::root_of(slot.slot));
    const std::uint64_t room = (root->last_sector - root->first_sector + 1) * table.sector_size;
    return slot.superblock.data_blocks <= room / slot.superblock.data_block_size;
}

}  // namespace

std::optional<SearchedDisk> find_searched_disk(BlockDevice& disk) {
    const auto found = find_partition_table(disk);
    if (!found) return std::nullopt;
    SearchedDisk searched = {
        .name = disk.name(), .table = found->table, .is_from_backup = found->is_from_backup};
    for (const layout::Slot slot_name : {layout::Slot::a, layout::Slot::b}) {
        const Partition* verity = searched.table.find_partition(layout::verity_of(slot_name));
        if (verity == nullptr || searched.table.find_partition(layout::root_of(slot_name)) == nullptr)
            continue;
        const auto superblock = read_superblock(disk, *verity);
        if (!superblock) continue;
        const FilledSlot slot = {slot_name, *superblock};
        if (is_inside(slot, searched.table)) searched.slots.push_back(slot);
    }
    return searched;
}

std::optional<FoundRoot> find_root(std::span<const SearchedDisk> disks, const RootHash& root_hash,
                                   const std::optional<Guid>& loader_partition) {
    std::vector<FoundRoot> matches;
    std::vector<std::string> names;
    for (const SearchedDisk& disk : disks) {
        if (loader_partition && !has_partition(disk, *loader_partition)) continue;
        for (const FilledSlot& slot : disk.slots) {
            if (slot.superblock.uuid != root_hash.first_half()) continue;
            matches.push_back({&disk, slot});
            names.push_back(std::format("{} (slot {})", disk.name, layout::to_text(slot.slot)));
        }
    }
    if (matches.size() > 1)
        throw Error("cannot choose the disk to run from: more than one holds this version")
            .detail("found", join(names, ", "))
            .detail("root", root_hash.to_text())
            .hint(
                "unplug all but one; a disk gets its own identity when it is started alone for the first "
                "time");
    if (matches.empty()) return std::nullopt;
    return matches.front();
}

}  // namespace cairn::disks
