#include "initfs/init/new_root.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <format>

#include "images/layout/paths.h"
#include "initfs/init/copy_tree.h"
#include "initfs/init/mounts.h"
#include "installer/disks/device_mapper.h"
#include "installer/disks/file_systems.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"

namespace cairn::init {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mapper_sector = 512;
constexpr const char* first_program = "/usr/lib/cairn/bin/start-services";

std::string make_machine_id() {
    std::array<std::uint8_t, 16> bytes = {};
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        throw SystemError("cannot get random bytes");
    return to_hex(bytes) + "\n";
}

/// The id that is kept; made and kept first if there is none.
std::string find_machine_id(const fs::path& identity) {
    const fs::path path = identity / "machine-id";
    if (const auto kept = find_file(path); kept && trim(*kept).size() == 32) return *kept;
    make_directories(identity);
    const std::string id = make_machine_id();
    replace_file(path, id, 0444);
    return id;
}

void move_mount_point(const fs::path& from, const fs::path& to) {
    if (mount(from.c_str(), to.c_str(), nullptr, MS_MOVE, nullptr) != 0)
        throw SystemError(std::format("cannot move '{}' to '{}'", from.string(), to.string()));
}

dev_t read_device(const fs::path& path) {
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0)
        throw SystemError(std::format("cannot look at '{}'", path.string()));
    return status.st_dev;
}

/// Removes what the initfs held, which is memory. Never enters another file system: below /var are people's
/// data.
void remove_initfs(const Fd& old_root) {
    const fs::path here = std::format("/proc/self/fd/{}", old_root.get());
    const dev_t device = read_device(here / ".");
    CHECK(device != read_device("/") && device != read_device("/var"));
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(here, ignored))
        if (read_device(entry.path()) == device) fs::remove_all(entry.path(), ignored);
}

}  // namespace

void mount_verified_root(const RootDisk& disk, const disks::RootHash& root_hash,
                         disks::OnCorruption on_corruption) {
    const layout::Slot slot = disk.slot.slot;
    const auto& superblock = disk.slot.superblock;
    const auto data = find_partition_node(disk, layout::root_of(slot));
    const auto hashes = find_partition_node(disk, layout::verity_of(slot));
    with_context(std::format("opening slot {} of '{}'", layout::to_text(slot), disk.node.node.string()), [&] {
        disks::MappedDevice device = disks::MappedDevice::open(
            "root", {.sectors = superblock.data_blocks * superblock.data_block_size / mapper_sector,
                     .type = "verity",
                     .parameters = disks::make_verity_table(superblock, root_hash, data.device, hashes.device,
                                                            on_corruption)});
        device.keep();
        disks::mount_file_system(device.path(), new_root, "erofs", MS_RDONLY | MS_NODEV);
    });
}

Release read_release(const std::string& root) {
    const Json release = read_json(fs::path(root) / layout::paths::release);
    return {release.at("name").get<std::string>(), release.at("version").get<std::string>(),
            release.value("build_time", "")};
}

void fill_etc(const std::string& root) {
    const fs::path base = root;
    copy_tree(base / "usr/share/factory/etc", base / "etc");
    write_file(base / "etc/machine-id", find_machine_id(base / "var/lib/cairn/identity"), 0444);
}

void hand_over() {
    for (const char* place : {"dev", "proc", "sys"})
        move_mount_point(fs::path("/") / place, fs::path(new_root) / place);
    const Fd old_root = open_file("/", O_RDONLY | O_DIRECTORY);
    if (chdir(new_root) != 0) throw SystemError("cannot enter the new root");
    move_mount_point(".", "/");
    if (chroot(".") != 0 || chdir("/") != 0) throw SystemError("cannot make the new root \"/\"");
    remove_initfs(old_root);

    const char* arguments[] = {first_program, nullptr};
    const char* environment[] = {"PATH=/usr/bin", "LANG=C.UTF-8", nullptr};
    execve(first_program, const_cast<char**>(arguments), const_cast<char**>(environment));
    throw SystemError(std::format("cannot start '{}'", first_program));
}

}  // namespace cairn::init
