#include "installer/update/disk_machine.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <format>
#include <optional>

#include "images/layout/paths.h"
#include "installer/disks/device_mapper.h"
#include "installer/disks/disk_list.h"
#include "installer/disks/file_systems.h"
#include "installer/disks/gpt.h"
#include "installer/disks/verity.h"
#include "installer/update/slot_check.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::update {

namespace {

namespace fs = std::filesystem;

constexpr const char* restart_reason = "/run/cairn/restart-reason";  // read by recipes/cairn-services
constexpr const char* mapped_name = "idle-root";
constexpr std::uint64_t mapper_sector = 512;
constexpr unsigned long esp_flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

disks::PartitionNode find_partition(const fs::path& disk, layout::Part part) {
    const auto disks = disks::read_disks();
    const auto found = std::ranges::find(disks, disk, &disks::DiskNode::node);
    if (found == disks.end())
        throw Error(std::format("the disk that the system runs from, '{}', is gone", disk.string()));
    const auto partition = found->partitions.find(layout::number_of(part));
    if (partition == found->partitions.end())
        throw Error(std::format("'{}' has no partition '{}'", disk.string(), layout::name_of(part)));
    return partition->second;
}

/// A place where something is mounted until this goes.
class Mount {
  public:
    Mount(const fs::path& device, fs::path place, const std::string& type, unsigned long flags,
          const std::string& options)
        : place_(std::move(place)) {
        disks::mount_file_system(device, place_, type, flags, options);
    }
    Mount(const Mount&) = delete;
    Mount& operator=(const Mount&) = delete;
    ~Mount() {
        if (!place_.empty()) ::umount2(place_.c_str(), MNT_DETACH);
    }
    const fs::path& place() const { return place_; }
    void remove() {
        const fs::path place = std::exchange(place_, {});
        if (::umount2(place.c_str(), 0) != 0)
            throw SystemError(std::format("cannot unmount '{}'", place.string()));
    }

  private:
    fs::path place_;
};

/// Exit code 1: it mended something.
void check_fat(const fs::path& device) {
    const CommandResult result = run_command({.arguments = {"fsck.fat", "-p", device.string()},
                                              .environment = {"PATH=/usr/bin"},
                                              .clean_environment = true});
    if (result.status > 1)
        throw CommandError(std::format("the EFI system partition '{}' cannot be repaired", device.string()),
                           result.status)
            .detail("fsck.fat", result.output + result.error);
}

class MountedEsp final : public Esp {
  public:
    MountedEsp(std::unique_lock<std::mutex> lock, const fs::path& device, const fs::path& place,
               Access access)
        : lock_(std::move(lock)),
          mount_(device, place, "vfat", esp_flags | (access == Access::read_only ? MS_RDONLY : 0),
                 "umask=0077"),
          files_(slots::BootFiles(Dir::open(place / layout::paths::esp_boot_files))) {}

    slots::BootFiles& boot_files() override { return files_.value(); }
    const fs::path& top() const override { return mount_.place(); }
    std::uint64_t free_bytes() const override {
        struct statvfs status = {};
        if (::statvfs(mount_.place().c_str(), &status) != 0)
            throw SystemError("cannot ask for room on the EFI system partition");
        return std::uint64_t{status.f_bavail} * status.f_frsize;
    }
    void close() override {
        files_.reset();
        mount_.remove();
    }

  private:
    std::unique_lock<std::mutex> lock_;
    Mount mount_;
    std::optional<slots::BootFiles> files_;  // holds a folder of the mount open
};

class MappedRoot final : public VerifiedRoot {
  public:
    MappedRoot(const disks::MappedTarget& target, const fs::path& place)
        : device_(disks::MappedDevice::open(mapped_name, target)),
          mount_(device_.path(), place, "erofs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "") {}

    const fs::path& top() const override { return mount_.place(); }
    void read(std::string_view file, std::uint64_t offset, std::span<std::uint8_t> into) override {
        const Dir root = Dir::open(mount_.place());
        read_exactly_at(root.open_file(file, O_RDONLY | O_NONBLOCK).get(), into, offset, std::string(file));
    }

  private:
    disks::MappedDevice device_;
    Mount mount_;
};

OpenSlot open_partitions(const disks::PartitionNode& root, const disks::PartitionNode& verity, int flags) {
    OpenSlot open = {.root_file = open_file(root.node, flags), .verity_file = open_file(verity.node, flags)};
    open.slot = {.root = {.fd = open.root_file.get(), .size = root.size, .name = root.node},
                 .verity = {.fd = open.verity_file.get(), .size = verity.size, .name = verity.node}};
    return open;
}

}  // namespace

DiskMachine::DiskMachine(fs::path disk, fs::path folder)
    : disk_(std::move(disk)), folder_(std::move(folder)) {
    make_directories(folder_);
    disks::remove_mapped_device(mapped_name);
}

std::unique_ptr<Esp> DiskMachine::open_esp(Access access) {
    std::unique_lock lock(esp_);
    const fs::path node = find_partition(disk_, layout::Part::esp).node;
    if (access == Access::read_write) check_fat(node);
    return std::make_unique<MountedEsp>(std::move(lock), node, folder_ / "esp", access);
}

OpenSlot DiskMachine::open_slot(layout::Slot slot, Access access) {
    // O_EXCL: refused while the kernel has the partition mounted or mapped, as it has those of the running
    // slot.
    const int flags = access == Access::read_only ? O_RDONLY : O_RDWR | O_EXCL;
    return open_partitions(find_partition(disk_, layout::root_of(slot)),
                           find_partition(disk_, layout::verity_of(slot)), flags);
}

std::unique_ptr<VerifiedRoot> DiskMachine::open_root(layout::Slot slot, const crypto::Hash& root_hash) {
    const auto root = find_partition(disk_, layout::root_of(slot));
    const auto verity = find_partition(disk_, layout::verity_of(slot));
    std::vector<std::uint8_t> block(block_size);
    open_partitions(root, verity, O_RDONLY).slot.verity.read(0, block);
    const auto superblock = disks::find_verity_superblock(block);
    if (!superblock || superblock->data_blocks > root.size / block_size)
        throw VerifyError(std::format("slot {} has no whole hash tree", layout::to_text(slot)));
    return std::make_unique<MappedRoot>(
        disks::MappedTarget{
            .sectors = superblock->data_blocks * superblock->data_block_size / mapper_sector,
            .type = "verity",
            .parameters = disks::make_verity_table(*superblock, disks::RootHash::parse(root_hash.to_hex()),
                                                   root.device, verity.device, disks::OnCorruption::report)},
        folder_ / "root");
}

layout::Guid DiskMachine::read_disk_id() {
    disks::DiskFile disk(disk_, disks::DiskFile::Access::read_only);
    const auto found = disks::find_partition_table(disk);
    if (!found) throw Error(std::format("'{}' has no partition table", disk_.string()));
    return found->table.disk;
}

void DiskMachine::restart(const std::string& reason) {
    write_file(restart_reason, reason.substr(0, reason.find('\n')) + "\n");
    if (::kill(1, SIGTERM) != 0) throw SystemError("cannot ask for a restart");
}

}  // namespace cairn::update
