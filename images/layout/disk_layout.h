#pragma once

#include <cstdint>
#include <vector>

#include "images/layout/guid.h"
#include "images/layout/partitions.h"
#include "pkg/crypto/hash.h"

namespace cairn::layout {

struct PlacedPartition {
    Part part = Part::esp;
    Guid type;
    Guid id;
    std::uint64_t offset = 0;  // bytes from the start of the disk
    std::uint64_t size = 0;    // bytes
    bool is_read_only = false;
    friend bool operator==(const PlacedPartition&, const PlacedPartition&) = default;
};

/// Where everything lies on one disk.
struct DiskLayout {
    Guid disk;
    std::uint32_t sector_size = 512;  // 512 or 4096
    std::uint64_t size = 0;           // bytes of the whole disk
    std::vector<PlacedPartition> partitions = {};
    friend bool operator==(const DiskLayout&, const DiskLayout&) = default;

    /// The partition must be there.
    const PlacedPartition& at(Part part) const;
};

/// The five partitions of an image one behind the other from 1 MiB on, with 1 MiB behind them for the backup
/// table. GUIDs come from the seed, those of slot A from the root hash.
DiskLayout plan_image_disk(Architecture architecture, const PartitionSizes& sizes, const crypto::Hash& seed,
                           const crypto::Hash& root_hash, std::uint32_t sector_size = 512);

}  // namespace cairn::layout
