#include "installer/firstboot/this_device.h"

#include <sys/mount.h>

#include <algorithm>
#include <ctime>
#include <format>
#include <utility>

#include "images/layout/boot_report.h"
#include "images/layout/partitions.h"
#include "installer/disks/disk_list.h"
#include "installer/disks/file_systems.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"

namespace cairn::firstboot {
namespace {

namespace fs = std::filesystem;

fs::path find_esp(const fs::path& disk) {
    const auto disks = disks::read_disks();
    const auto found = std::ranges::find(disks, disk, &disks::DiskNode::node);
    if (found != disks.end())
        if (const auto esp = found->partitions.find(layout::number_of(layout::Part::esp));
            esp != found->partitions.end())
            return esp->second.node;
    throw Error(std::format("cannot find the EFI system partition of '{}'", disk.string()));
}

/// Exit code 1: it mended something.
void check_fat(const fs::path& device) {
    const CommandResult result = run_command({.arguments = {"fsck.fat", "-p", device.string()}});
    if (result.status <= 1) return;
    throw CommandError(
        std::format("cannot use the EFI system partition '{}': it cannot be repaired", device.string()),
        result.status)
        .detail("fsck.fat", result.output + result.error);
}

class Mount {
  public:
    Mount(const fs::path& device, fs::path place) : place_(std::move(place)) {
        disks::mount_file_system(device, place_, "vfat", MS_NOSUID | MS_NODEV | MS_NOEXEC, "umask=0077");
    }
    Mount(const Mount&) = delete;
    Mount& operator=(const Mount&) = delete;
    ~Mount() { umount2(place_.c_str(), MNT_DETACH); }

  private:
    fs::path place_;
};

}  // namespace

WithEsp with_esp_of(fs::path disk, fs::path place) {
    return [disk = std::move(disk), place = std::move(place)](const auto& work) {
        const fs::path esp = find_esp(disk);
        check_fat(esp);
        const Mount mount(esp, place);
        work(place);
    };
}

PrepareReport prepare_this_device() {
    namespace found = layout::boot_report;
    const Json boot = read_json("/run/cairn/boot.json");
    return prepare_device({.daemon = Owner{},
                           .data = boot.value(found::data, "failed") == "failed" ? Data::lost : Data::kept,
                           .with_esp = with_esp_of(boot.value(found::disk, ""), "/run/cairn/first-boot-esp"),
                           .now = std::time(nullptr)});
}

}  // namespace cairn::firstboot
