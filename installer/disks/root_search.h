#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "installer/disks/gpt.h"
#include "installer/disks/verity.h"

/// Which disk and slot hold the root that the command line names.
///
/// The loader names the disk (the GUID of the EFI system partition that it was read from). Without that, the
/// only disk that holds this root is taken. When two disks qualify, none is: guessing could start the wrong
/// machine's data.
namespace cairn::disks {

/// A slot whose verity partition holds a superblock.
struct FilledSlot {
    layout::Slot slot = layout::Slot::a;
    VeritySuperblock superblock;
    friend bool operator==(const FilledSlot&, const FilledSlot&) = default;
};

/// What the search needs to know of one disk.
struct SearchedDisk {
    std::string name;
    PartitionTable table;
    bool is_from_backup = false;
    std::vector<FilledSlot> slots = {};
};

/// Empty when the disk has no partition table.
std::optional<SearchedDisk> find_searched_disk(BlockDevice& disk);

struct FoundRoot {
    const SearchedDisk* disk = nullptr;  // into the span that was searched
    FilledSlot slot;
};

/// Empty: not there (yet). Two disks, or both slots of one: throws Error that names them.
std::optional<FoundRoot> find_root(std::span<const SearchedDisk> disks, const RootHash& root_hash,
                                   const std::optional<Guid>& loader_partition);

}  // namespace cairn::disks
