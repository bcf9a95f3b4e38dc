#include "images/layout/disk_layout.h"

#include <algorithm>

#include "images/layout/seed.h"
#include "pkg/base/error.h"

namespace cairn::layout {
namespace {

Guid id_of(Part part, const crypto::Hash& seed, const crypto::Hash& root_hash) {
    if (part == Part::root_a) return root_guid(root_hash);
    if (part == Part::root_a_verity) return root_verity_guid(root_hash);
    return derive_guid(seed, name_of(part));
}

}  // namespace

const PlacedPartition& DiskLayout::at(Part part) const {
    const auto found = std::ranges::find(partitions, part, &PlacedPartition::part);
    CHECK(found != partitions.end());
    return *found;
}

DiskLayout plan_image_disk(Architecture architecture, const PartitionSizes& sizes, const crypto::Hash& seed,
                           const crypto::Hash& root_hash, std::uint32_t sector_size) {
    DiskLayout layout = {.disk = derive_guid(seed, "disk"), .sector_size = sector_size};
    std::uint64_t next = partition_alignment;
    for (const Part part : image_parts) {
        const std::uint64_t size = size_of(part, sizes);
        CHECK(size > 0 && size % partition_alignment == 0);
        layout.partitions.push_back({.part = part,
                                     .type = parse_guid(type_of(part, architecture)),
                                     .id = id_of(part, seed, root_hash),
                                     .offset = next,
                                     .size = size,
                                     .is_read_only = part != Part::esp});
        next += size;
    }
    layout.size = next + partition_alignment;
    return layout;
}

}  // namespace cairn::layout
