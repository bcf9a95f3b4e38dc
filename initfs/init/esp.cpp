#include "initfs/init/esp.h"

#include <sys/mount.h>
#include <unistd.h>

#include "images/layout/paths.h"
#include "installer/disks/file_systems.h"
#include "installer/disks/reset_request.h"

namespace cairn::init {

namespace {

constexpr const char* esp_place = "/esp";

}  // namespace

MountedEsp::MountedEsp(const RootDisk& disk, Access access) {
    const auto node = find_partition_node(disk, layout::Part::esp);
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW;
    disks::mount_file_system(node.node, esp_place, "vfat",
                             access == Access::read_only ? flags | MS_RDONLY : flags, "umask=0077");
}

MountedEsp::~MountedEsp() {
    // What matters was synced by who wrote it.
    if (umount(esp_place) != 0) umount2(esp_place, MNT_DETACH);
}

Dir MountedEsp::top() const {
    return Dir::open(esp_place);
}

slots::BootFiles MountedEsp::boot_files() const {
    return slots::BootFiles(top().open_directory(layout::paths::esp_boot_files));
}

EspLook look_at_esp(const RootDisk& disk) {
    const MountedEsp esp(disk, MountedEsp::Access::read_only);
    return {.files = esp.boot_files().list(),
            .wants_new_data = disks::has_reset_request(esp.top(), disk.table.disk)};
}

}  // namespace cairn::init
