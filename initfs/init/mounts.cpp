#include "initfs/init/mounts.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <format>

#include "installer/disks/file_systems.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::init {

namespace {

using disks::mount_file_system;

constexpr unsigned long data_only = MS_NOSUID | MS_NODEV | MS_NOEXEC;

void mount_if_possible(const std::string& source, const std::filesystem::path& target,
                       const std::string& type, unsigned long flags, const std::string& options = "") {
    mkdir(target.c_str(), 0755);  // inside /sys the kernel has made it, or the mount fails too
    mount(source.c_str(), target.c_str(), type.c_str(), flags, options.c_str());
}

std::filesystem::path in_new_root(const char* path) {
    return std::filesystem::path(new_root) / path;
}

}  // namespace

void mount_kernel_file_systems() {
    mount_file_system("proc", "/proc", "proc", data_only);
    mount_file_system("sysfs", "/sys", "sysfs", data_only);
    mount_file_system("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755,size=4m");
    mount_if_possible("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666");
    mount_if_possible("tmpfs", "/dev/shm", "tmpfs", data_only, "mode=1777");
    mount_if_possible("efivarfs", "/sys/firmware/efi/efivars", "efivarfs", data_only);
    mount_if_possible("cgroup2", "/sys/fs/cgroup", "cgroup2", data_only);
    mount_if_possible("pstore", "/sys/fs/pstore", "pstore", data_only);
    mount_if_possible("securityfs", "/sys/kernel/security", "securityfs", data_only);
}

void mount_memory_file_systems() {
    mount_file_system("tmpfs", in_new_root("etc"), "tmpfs", data_only, "mode=0755,size=16m");
    mount_file_system("tmpfs", in_new_root("run"), "tmpfs", data_only, "mode=0755,size=20%");
    mount_file_system("tmpfs", in_new_root("tmp"), "tmpfs", data_only, "mode=1777,size=20%");
}

void move_data_to_new_root() {
    if (mount(data_place, in_new_root("var").c_str(), nullptr, MS_MOVE, nullptr) != 0)
        throw SystemError("cannot move the data partition to /var");
}

void mount_memory_instead_of_data() {
    mount_file_system("tmpfs", in_new_root("var"), "tmpfs", data_only, "mode=0755,size=30%");
}

}  // namespace cairn::init
