#include "pkg/sandbox/tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <format>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

constexpr mode_t mode_bits = 07777;

/// What a visitor says of an entry; `stop` ends the whole walk.
enum class Next { go_on, stop };

/// Called for every entry below the root, directories before their content.
using Visitor = std::function<Next(int directory, const char* name, const struct stat& status)>;

// Names of a directory, or none when it has vanished or may not be read.
std::vector<std::string> names_in(int directory) {
    const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return {};
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy), ::closedir);
    std::vector<std::string> names;
    while (const struct dirent* entry = ::readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
}

struct Level {
    dev_t device;
    ino_t inode;
    std::vector<std::string> names;  // still to visit
};

bool is_same(const Level& level, const struct stat& status) {
    return level.device == status.st_dev && level.inode == status.st_ino;
}

// Holds one descriptor at a time, so depth costs no descriptors: up again is "..", checked to be where it
// came from, because a tree that changes may have moved.
void walk(const fs::path& root, const Visitor& visit) {
    Fd current = open_file(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    struct stat status{};
    if (::fstat(current.get(), &status) != 0)
        throw SystemError(std::format("cannot read '{}'", root.string()));
    std::vector<Level> levels;
    levels.push_back({status.st_dev, status.st_ino, names_in(current.get())});
    while (true) {
        if (levels.back().names.empty()) {
            levels.pop_back();
            if (levels.empty()) return;
            current = Fd(::openat(current.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
            if (::fstat(current.get(), &status) != 0 || !is_same(levels.back(), status)) return;
            continue;
        }
        const std::string name = std::move(levels.back().names.back());
        levels.back().names.pop_back();
        if (::fstatat(current.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (visit(current.get(), name.c_str(), status) == Next::stop) return;
        if (!S_ISDIR(status.st_mode)) continue;
        Fd below(::openat(current.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!below.is_open() || ::fstat(below.get(), &status) != 0) continue;
        current = std::move(below);
        levels.push_back({status.st_dev, status.st_ino, names_in(current.get())});
    }
}

std::uint64_t bytes_on_disk(const struct stat& status) {
    const std::uint64_t bytes = static_cast<std::uint64_t>(status.st_blocks) * 512;
    return S_ISDIR(status.st_mode) ? bytes : bytes / std::max<std::uint64_t>(status.st_nlink, 1);
}

void change_owner(int directory, const char* name, uid_t user, gid_t group) {
    if (::fchownat(directory, name, user, group, AT_SYMLINK_NOFOLLOW) != 0)
        throw SystemError(std::format("cannot change the owner of '{}' in the build directory", name));
}

// The mode that a build's entry is left with, the same for builds as root and as an ordinary user.
mode_t settled_mode(const struct stat& status) {
    const mode_t readable = S_ISDIR(status.st_mode) ? S_IRUSR | S_IXUSR : S_IRUSR;
    return ((status.st_mode & mode_bits) & ~static_cast<mode_t>(S_ISUID | S_ISGID)) | readable;
}

void settle(int directory, const char* name, const struct stat& status) {
    if (status.st_uid != ::geteuid() || status.st_gid != ::getegid())
        change_owner(directory, name, ::geteuid(), ::getegid());
    if (S_ISLNK(status.st_mode) || settled_mode(status) == (status.st_mode & mode_bits)) return;
    if (::fchmodat(directory, name, settled_mode(status), 0) != 0)
        throw SystemError(std::format("cannot change the mode of '{}' in the build directory", name));
}

}  // namespace

std::uint64_t measure_tree(const fs::path& root, std::uint64_t enough) {
    std::uint64_t sum = 0;
    walk(root, [&](int, const char*, const struct stat& status) {
        sum += bytes_on_disk(status);
        return sum > enough ? Next::stop : Next::go_on;
    });
    return sum;
}

void give_tree(const fs::path& root, uid_t user, gid_t group) {
    change_owner(AT_FDCWD, root.c_str(), user, group);
    walk(root, [&](int directory, const char* name, const struct stat& status) {
        if (status.st_uid != user || status.st_gid != group) change_owner(directory, name, user, group);
        return Next::go_on;
    });
}

std::uint64_t take_tree_back(const fs::path& root) {
    struct stat status{};
    if (::lstat(root.c_str(), &status) != 0)
        throw SystemError(std::format("cannot read '{}'", root.string()));
    settle(AT_FDCWD, root.c_str(), status);
    std::uint64_t sum = 0;
    walk(root, [&](int directory, const char* name, const struct stat& entry) {
        sum += bytes_on_disk(entry);
        settle(directory, name, entry);
        return Next::go_on;
    });
    return sum;
}

}  // namespace cairn::sandbox
