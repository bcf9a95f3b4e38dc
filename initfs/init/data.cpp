#include "initfs/init/data.h"

#include <sys/mount.h>

#include <format>

#include "initfs/init/esp.h"
#include "initfs/init/mounts.h"
#include "installer/disks/data_partition.h"
#include "installer/disks/device_mapper.h"
#include "installer/disks/file_systems.h"
#include "installer/disks/reset_request.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::init {

namespace {

constexpr std::uint64_t mapper_sector = 512;

void make_file_system(const RootDisk& disk, const disks::Region& region) {
    const std::uint64_t start = region.first * region.sector_size / mapper_sector;
    disks::MappedDevice device =
        disks::MappedDevice::open("new-data", {.sectors = region.size() / mapper_sector,
                                               .type = "linear",
                                               .parameters = std::format("{} {}", disk.node.device, start),
                                               .access = disks::MappedTarget::Access::read_write});
    disks::make_ext4(device.path(), layout::name_of(layout::Part::data));
    device.remove();
}

/// Gives the table that is in force now.
disks::PartitionTable make_data(const RootDisk& disk, const std::function<void(std::string_view)>& say) {
    disks::DiskFile file(disk.node.node, disks::DiskFile::Access::read_write);
    const auto region = disks::find_room_for_data(disk.table, file.size());
    if (!region)
        throw Error("there is no room for a data partition")
            .detail("disk", std::format("{}, {}", disk.node.node.string(), format_bytes(file.size())))
            .hint("64 MiB behind the last partition are the least; put the image on a larger disk");
    say(std::format("first boot: making the data partition, {}, on {}", format_bytes(region->size()),
                    disk.node.node.string()));
    return disks::make_data_partition(file, disk.table, *region, disks::make_random_guid,
                                      [&](const disks::Region& room) { make_file_system(disk, room); });
}

void mount_data(const std::filesystem::path& node, const std::function<void(std::string_view)>& say) {
    if (disks::check_ext4(node) == disks::CheckResult::rebuilt)
        say(
            std::format("the file system on {} was damaged and is repaired: what lost its name is in "
                        "/var/lost+found",
                        node.string()));
    disks::mount_file_system(node, data_place, "ext4", MS_NOSUID | MS_NODEV | MS_NOEXEC, "errors=remount-ro");
}

/// Power may fail at any moment in here: the request is still there then, and all is done once more.
void make_data_anew(const RootDisk& disk, const std::filesystem::path& node,
                    const std::function<void(std::string_view)>& say) {
    // Written first: where the request could not be removed, every boot would make data anew.
    const MountedEsp esp(disk, MountedEsp::Access::read_write);
    say(std::format("making the data partition anew, as was asked for: {}", node.string()));
    disks::make_ext4(node, layout::name_of(layout::Part::data));
    disks::remove_reset_request(esp.top());
}

/// `disk` gets the table that is in force afterwards, also when this throws later.
DataState open_data_or_throw(RootDisk& disk, DataWish wish,
                             const std::function<void(std::string_view)>& say) {
    if (disk.is_table_from_backup) {
        say(std::format("the partition table of {} is torn: restoring it from its backup",
                        disk.node.node.string()));
        disks::DiskFile file(disk.node.node, disks::DiskFile::Access::read_write);
        disks::repair_primary_table(file, disk.table);
    }
    const bool is_first_boot = disk.table.find_partition(layout::Part::data) == nullptr;
    if (is_first_boot) disk.table = make_data(disk, say);
    const disks::PartitionNode node = find_partition_node(disk, layout::Part::data);
    const bool is_anew = !is_first_boot && wish == DataWish::make_anew;
    if (is_anew) make_data_anew(disk, node.node, say);
    mount_data(node.node, say);
    return {is_first_boot || is_anew ? DataState::Kind::made : DataState::Kind::mounted,
            node.node,
            {},
            disk.table.disk};
}

}  // namespace

std::string_view to_text(DataState::Kind kind) {
    switch (kind) {
        case DataState::Kind::mounted:
            return "mounted";
        case DataState::Kind::made:
            return "made";
        case DataState::Kind::failed:
            return "failed";
    }
    return "";
}

DataState open_data(const RootDisk& disk, DataWish wish, const std::function<void(std::string_view)>& say) {
    RootDisk now = disk;
    try {
        return open_data_or_throw(now, wish, say);
    } catch (const Error& error) {
        return {DataState::Kind::failed, {}, error.report(), now.table.disk};
    }
}

}  // namespace cairn::init
