#include "initfs/init/root_disk.h"

#include <algorithm>
#include <format>
#include <thread>

#include "pkg/base/text.h"

namespace cairn::init {

namespace {

using namespace std::chrono_literals;

constexpr auto pause_between_looks = 100ms;

std::optional<disks::SearchedDisk> search_disk(const disks::DiskNode& node) {
    try {
        disks::DiskFile file(node.node, disks::DiskFile::Access::read_only);
        return disks::find_searched_disk(file);
    } catch (const Error&) {
        return std::nullopt;  // no medium, broken, or just unplugged: not the disk that we run from
    }
}

RootNotFound make_not_found_error(const BootParameters& parameters,
                                  const std::optional<layout::Guid>& loader_partition,
                                  const DiskSearch& last) {
    RootNotFound error(std::format("no disk holds the root of this version, after waiting {} seconds",
                                   parameters.wait.count()));
    error.detail("root", parameters.root_hash.to_text());
    if (loader_partition) error.detail("loader's partition", layout::to_text(*loader_partition));
    error.detail("disks", last.seen.empty() ? "none" : join(last.seen, ", "));
    return error;
}

}  // namespace

DiskSearch search_disks(const disks::RootHash& root_hash,
                        const std::optional<layout::Guid>& loader_partition) {
    const std::vector<disks::DiskNode> nodes = disks::read_disks();
    DiskSearch search;
    std::vector<disks::SearchedDisk> searched;
    for (const disks::DiskNode& node : nodes) {
        search.seen.push_back(node.node);
        if (auto disk = search_disk(node)) searched.push_back(std::move(*disk));
    }
    const auto found = disks::find_root(searched, root_hash, loader_partition);
    if (!found) return search;
    const auto node =
        std::ranges::find(nodes, found->disk->name, [](const auto& one) { return one.node.string(); });
    CHECK(node != nodes.end());
    search.found = RootDisk{*node, found->disk->table, found->disk->is_from_backup, found->slot};
    return search;
}

RootDisk wait_for_root(const BootParameters& parameters, const std::optional<layout::Guid>& loader_partition,
                       const std::function<void()>& between) {
    const auto deadline = std::chrono::steady_clock::now() + parameters.wait;
    DiskSearch last;
    while (true) {
        between();
        DiskSearch now = search_disks(parameters.root_hash, loader_partition);
        // A second disk with the same root may be a moment slower than the first: only two equal looks count.
        if (now.found && now.seen == last.seen) return *now.found;
        if (!now.found && std::chrono::steady_clock::now() > deadline)
            throw make_not_found_error(parameters, loader_partition, now);
        last = std::move(now);
        std::this_thread::sleep_for(pause_between_looks);
    }
}

std::optional<RootDisk> find_loader_disk(const std::optional<layout::Guid>& loader_partition) {
    if (!loader_partition) return std::nullopt;
    for (const disks::DiskNode& node : disks::read_disks()) {
        auto disk = search_disk(node);
        if (disk && std::ranges::contains(disk->table.partitions, *loader_partition, &disks::Partition::id))
            return RootDisk{node, std::move(disk->table), disk->is_from_backup, {}};
    }
    return std::nullopt;
}

disks::PartitionNode find_partition_node(const RootDisk& disk, layout::Part part) {
    const std::uint32_t number = layout::number_of(part);
    const disks::Partition* partition = disk.table.find_partition(part);
    CHECK(partition != nullptr);
    const std::uint64_t start = partition->first_sector * disk.table.sector_size;
    const std::uint64_t size =
        (partition->last_sector - partition->first_sector + 1) * disk.table.sector_size;
    const auto find_now = [&]() -> std::optional<disks::PartitionNode> {
        for (const disks::DiskNode& node : disks::read_disks()) {
            if (node.name != disk.node.name) continue;
            if (const auto found = node.partitions.find(number); found != node.partitions.end())
                return found->second;
        }
        return std::nullopt;
    };
    auto node = find_now();
    if (!node) {
        disks::add_kernel_partition(disk.node.node, number, start, size);
        node = find_now();
    }
    if (!node || node->start != start || node->size != size)
        throw Error(std::format("the kernel sees partition {} of '{}' elsewhere than its table says", number,
                                disk.node.node.string()));
    return *node;
}

}  // namespace cairn::init
