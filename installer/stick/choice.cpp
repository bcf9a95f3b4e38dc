#include "installer/stick/choice.h"

namespace cairn::stick {

namespace {

void add_places(std::vector<Place>& places, const disks::DiskNode& disk) {
    if (disk.partitions.empty())
        places.push_back(
            {.name = disk.name, .device = disk.device, .node = disk.node, .sequence = disk.sequence});
    for (const auto& [number, partition] : disk.partitions)
        places.push_back({.name = partition.node.filename(),
                          .device = partition.device,
                          .node = partition.node,
                          .sequence = disk.sequence});
}

}  // namespace

Choice choose_places(std::span<const disks::DiskNode> disks, const std::filesystem::path& system_disk) {
    Choice choice;
    for (const disks::DiskNode& disk : disks) {
        if (!disk.is_on_usb) continue;
        if (disk.node == system_disk)
            choice.passed_over.push_back({disk.name, disk.sequence, "the system runs from it"});
        else if (!disk.is_removable)
            choice.passed_over.push_back(
                {disk.name, disk.sequence, "it is a fixed disk, not a stick: it says so itself"});
        else
            add_places(choice.places, disk);
    }
    return choice;
}

}  // namespace cairn::stick
