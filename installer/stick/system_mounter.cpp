#include "installer/stick/system_mounter.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <format>

#include "installer/disks/file_systems.h"
#include "installer/stick/boot_sector.h"
#include "installer/stick/repository_search.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"

namespace cairn::stick {

namespace {

namespace fs = std::filesystem;

constexpr unsigned long no_symlinks = 256;  // MS_NOSYMFOLLOW, which not every C library names
constexpr unsigned long stick_flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | no_symlinks;
// Everything is root's, and everybody may read it: FAT knows neither owners nor modes.
constexpr const char* stick_options = "uid=0,gid=0,dmask=0022,fmask=0133";

/// The same descriptor by a path, for mount(2): nothing can put another thing there.
std::string path_of(int fd) {
    return std::format("/proc/self/fd/{}", fd);
}

/// Lazily: who still reads there holds it until he has done.
void unmount_all(const fs::path& place) {
    while (::umount2(place.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0);
}

/// As long as it is open the numbers belong to this medium, and to no disk that comes after it.
Fd open_device(const Place& place) {
    Fd device = open_file(place.node, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    struct stat status = {};
    if (::fstat(device.get(), &status) != 0)
        throw SystemError(std::format("cannot look at '{}'", place.node.string()));
    const bool is_meant = S_ISBLK(status.st_mode) &&
                          std::format("{}:{}", major(status.st_rdev), minor(status.st_rdev)) == place.device;
    std::uint64_t sequence = 0;
    if (!is_meant || ::ioctl(device.get(), BLKGETDISKSEQ, &sequence) != 0 || sequence != place.sequence)
        throw Error("it was pulled, or changed, while it was looked at");
    return device;
}

FileSystem read_file_system(const Fd& device, const Place& place) {
    std::array<std::uint8_t, boot_sector_size> sector = {};
    read_exactly_at(device.get(), sector, 0, place.node);
    if (const auto found = find_file_system(sector)) return *found;
    throw Error("it has neither a FAT nor an exFAT file system");
}

/// Mounted until this goes.
class Aside {
  public:
    Aside(const fs::path& node, FileSystem kind, const fs::path& place) : place_(place) {
        disks::mount_file_system(node, place_, to_kernel_name(kind), stick_flags, stick_options);
    }
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;
    ~Aside() { unmount_all(place_); }

  private:
    const fs::path& place_;
};

}  // namespace

SystemMounter::SystemMounter(fs::path shown, fs::path aside)
    : shown_(std::move(shown)), aside_(std::move(aside)) {
    unmount_all(aside_);
    unmount();
    make_directories(shown_);
    make_directories(aside_);
    fs::permissions(aside_, fs::perms(0700));
}

std::string SystemMounter::mount(const Place& place) {
    const Fd device = open_device(place);
    const Aside mounted(place.node, read_file_system(device, place), aside_);
    const Dir top = Dir::open(aside_);
    const auto folder = find_repository(top);
    if (!folder)
        throw Error(std::format("it holds no repository, neither at its top nor in a folder '{}'",
                                repository_folder));
    const Dir repository = folder->empty() ? Dir::open(aside_) : top.open_directory(*folder);
    // What is bound keeps the flags of the mount that it comes from.
    if (::mount(path_of(repository.fd()).c_str(), shown_.c_str(), nullptr, MS_BIND, nullptr) != 0)
        throw SystemError(std::format("cannot show its repository at '{}'", shown_.string()));
    return *folder;
}

void SystemMounter::unmount() {
    unmount_all(shown_);
}

}  // namespace cairn::stick
