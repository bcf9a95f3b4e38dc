#include "installer/disks/data_partition.h"

#include <algorithm>
#include <string_view>

#include "pkg/base/error.h"

namespace cairn::disks {

namespace {

constexpr std::uint64_t alignment = layout::partition_alignment;
constexpr std::uint64_t least_size = 64 * layout::mebibyte;
// The data partition's type is the same on all of them.
constexpr auto any_architecture = layout::Architecture::x86_64;

}  // namespace

std::optional<Region> find_room_for_data(const PartitionTable& table, std::uint64_t disk_size) {
    const PartitionTable grown = grow_to(table, disk_size);
    std::uint64_t used = grown.first_usable;
    for (const Partition& partition : grown.partitions) used = std::max(used, partition.last_sector + 1);

    const std::uint64_t step = alignment / grown.sector_size;
    const std::uint64_t first = (used + step - 1) / step * step;
    const std::uint64_t end = (grown.last_usable + 1) / step * step;
    if (end <= first || (end - first) * grown.sector_size < least_size) return std::nullopt;
    return Region{first, end - 1, grown.sector_size};
}

PartitionTable with_data_partition(PartitionTable table, const Region& region, std::uint64_t disk_size,
                                   const std::function<Guid()>& make_guid) {
    CHECK(table.find_partition(layout::Part::data) == nullptr);
    table = grow_to(std::move(table), disk_size);
    table.disk = make_guid();
    for (Partition& partition : table.partitions)
        if (partition.number == layout::number_of(layout::Part::esp)) partition.id = make_guid();
    const std::string_view name = layout::name_of(layout::Part::data);
    table.partitions.push_back(
        {.number = layout::number_of(layout::Part::data),
         .type = layout::parse_guid(layout::type_of(layout::Part::data, any_architecture)),
         .id = make_guid(),
         .first_sector = region.first,
         .last_sector = region.last,
         .name = std::u16string(name.begin(), name.end())});
    std::ranges::sort(table.partitions, {}, &Partition::number);
    return table;
}

PartitionTable make_data_partition(BlockDevice& disk, const PartitionTable& table, const Region& region,
                                   const std::function<Guid()>& make_guid,
                                   const std::function<void(const Region&)>& make_file_system) {
    // Power fails here: the region holds whatever it held; the old table does not name it. The region may
    // cover the place where a smaller image had its backup table; the primary one is whole as long as nothing
    // below began.
    make_file_system(region);
    // Power fails here: the file system is whole, but no table names it; the next boot makes it again.
    const PartitionTable with_data = with_data_partition(table, region, disk.size(), make_guid);
    write_partition_table(disk, with_data);
    return with_data;
}

}  // namespace cairn::disks
