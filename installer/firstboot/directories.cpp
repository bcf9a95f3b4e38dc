#include "installer/firstboot/directories.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"

namespace cairn::firstboot {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t waves = 2048;

enum class For { root, daemon };
struct Directory {
    const char* path;
    mode_t mode;
    For whom;
};
constexpr std::array<Directory, 8> directories{{{"var/lib/cairn", 0755, For::root},
                                                {"var/lib/cairn/identity", 0755, For::root},
                                                {"var/lib/cairn/identity/tls", 0700, For::daemon},
                                                {"var/lib/cairn/settings", 0700, For::daemon},
                                                {"var/lib/cairn/tuf", 0755, For::daemon},
                                                {"var/lib/cairn/update", 0755, For::root},
                                                {"var/lib/cairn/update/targets", 0755, For::daemon},
                                                {"run/cairn/settings", 0755, For::root}}};

void make_directory(const fs::path& path, mode_t mode, uid_t user, gid_t group) {
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
        throw SystemError(std::format("cannot make directory '{}'", path.string()));
    const Fd directory = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    struct stat status = {};
    if (fstat(directory.get(), &status) != 0)
        throw SystemError(std::format("cannot look at '{}'", path.string()));
    const bool has_owner = status.st_uid == user && status.st_gid == group;
    if (!has_owner && fchown(directory.get(), user, group) != 0)
        throw SystemError(std::format("cannot give '{}' to its owner", path.string()));
    if ((status.st_mode & 07777) != mode && fchmod(directory.get(), mode) != 0)
        throw SystemError(std::format("cannot set the mode of '{}'", path.string()));
}

}  // namespace

void make_device_directories(const fs::path& root, const std::optional<Owner>& daemon) {
    make_directories(root / "var/lib");
    make_directories(root / "run/cairn");
    const Owner self = {geteuid(), getegid()};
    for (const Directory& directory : directories) {
        const Owner owner = directory.whom == For::daemon && daemon ? *daemon : self;
        make_directory(root / directory.path, directory.mode, owner.user, owner.group);
    }
}

void make_identity(const fs::path& root) {
    const fs::path seed = root / "var/lib/cairn/identity/wave-seed";
    if (fs::exists(seed)) return;
    std::uint16_t number = 0;
    if (getrandom(&number, sizeof number, 0) != sizeof number) throw SystemError("cannot get random bytes");
    replace_file(seed, std::format("{}\n", number % waves), 0444);
}

}  // namespace cairn::firstboot
