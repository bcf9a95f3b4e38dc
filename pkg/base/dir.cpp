#include "pkg/base/dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <format>
#include <memory>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn {
namespace {

int open_beneath(int directory, const std::string& path, int flags, mode_t mode) {
    struct open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
}

void require_safe(std::string_view path, const std::string& tree) {
    if (!is_safe_relative_path(path))
        throw VerifyError(std::format("'{}' is not a safe path inside '{}'", path, tree));
}

}  // namespace

bool is_safe_relative_path(std::string_view path) {
    if (path.empty() || path.size() > 4095 || path.contains('\0')) return false;
    for (const std::string& part : split(path, '/'))
        if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    return true;
}

Dir Dir::open(const std::filesystem::path& path) {
    return Dir(cairn::open_file(path, O_RDONLY | O_DIRECTORY), path.string());
}

std::pair<Fd, std::string> Dir::open_parent(std::string_view path) const {
    require_safe(path, name_);
    const std::size_t slash = path.rfind('/');
    const std::string parent(slash == std::string_view::npos ? "." : path.substr(0, slash));
    Fd fd(open_beneath(fd_.get(), parent, O_RDONLY | O_DIRECTORY, 0));
    if (!fd.is_open()) throw SystemError(std::format("cannot open directory '{}' in '{}'", parent, name_));
    return {std::move(fd), std::string(slash == std::string_view::npos ? path : path.substr(slash + 1))};
}

Dir Dir::open_directory(std::string_view path) const {
    require_safe(path, name_);
    Fd fd(open_beneath(fd_.get(), std::string(path), O_RDONLY | O_DIRECTORY, 0));
    if (!fd.is_open()) throw SystemError(std::format("cannot open directory '{}' in '{}'", path, name_));
    return Dir(std::move(fd), std::format("{}/{}", name_, path));
}

Fd Dir::open_file(std::string_view path, int flags, mode_t mode) const {
    require_safe(path, name_);
    Fd fd(open_beneath(fd_.get(), std::string(path), flags | O_NOFOLLOW, mode));
    if (!fd.is_open()) throw SystemError(std::format("cannot open '{}' in '{}'", path, name_));
    return fd;
}

std::optional<struct stat> Dir::find_status(std::string_view path) const {
    require_safe(path, name_);
    const Fd fd(open_beneath(fd_.get(), std::string(path), O_PATH | O_NOFOLLOW, 0));
    if (!fd.is_open() && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    // A link as the last component cannot be opened under RESOLVE_NO_SYMLINKS: look at it from its parent.
    if (!fd.is_open() && errno == ELOOP) {
        const auto [parent, name] = open_parent(path);
        struct stat status{};
        if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return status;
        if (errno == ENOENT) return std::nullopt;
        throw SystemError(std::format("cannot stat '{}' in '{}'", path, name_));
    }
    struct stat status{};
    if (!fd.is_open() || ::fstat(fd.get(), &status) != 0)
        throw SystemError(std::format("cannot stat '{}' in '{}'", path, name_));
    return status;
}

std::string Dir::read_link(std::string_view path) const {
    const auto [parent, name] = open_parent(path);
    std::array<char, 4097> buffer{};
    const ssize_t count = ::readlinkat(parent.get(), name.c_str(), buffer.data(), buffer.size());
    if (count < 0) throw SystemError(std::format("cannot read link '{}' in '{}'", path, name_));
    return {buffer.data(), static_cast<std::size_t>(count)};
}

std::vector<std::string> Dir::names(std::string_view path) const {
    if (!path.empty()) require_safe(path, name_);
    Fd fd(open_beneath(fd_.get(), path.empty() ? "." : std::string(path), O_RDONLY | O_DIRECTORY, 0));
    if (!fd.is_open()) throw SystemError(std::format("cannot open directory '{}' in '{}'", path, name_));
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()), &::closedir);
    if (!stream) throw SystemError(std::format("cannot list '{}' in '{}'", path, name_));
    fd.release();  // the stream owns it now
    std::vector<std::string> result;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") result.emplace_back(name);
    }
    if (errno != 0) throw SystemError(std::format("cannot list '{}' in '{}'", path, name_));
    std::ranges::sort(result);
    return result;
}

void Dir::make_directory(std::string_view path, mode_t mode) const {
    const auto [parent, name] = open_parent(path);
    if (::mkdirat(parent.get(), name.c_str(), mode) == 0) return;
    const SystemError error(std::format("cannot make directory '{}' in '{}'", path, name_));
    const auto status = error.error_number() == EEXIST ? find_status(path) : std::nullopt;
    if (!status || !S_ISDIR(status->st_mode)) throw error;
}

void Dir::make_directories(std::string_view path, mode_t mode) const {
    require_safe(path, name_);
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
         slash = path.find('/', slash + 1))
        make_directory(path.substr(0, slash), mode);
    make_directory(path, mode);
}

void Dir::make_symlink(const std::string& target, std::string_view path) const {
    const auto [parent, name] = open_parent(path);
    if (::symlinkat(target.c_str(), parent.get(), name.c_str()) != 0)
        throw SystemError(std::format("cannot make link '{}' in '{}'", path, name_));
}

void Dir::make_hard_link(std::string_view from, std::string_view to) const {
    const auto [from_parent, from_name] = open_parent(from);
    const auto [to_parent, to_name] = open_parent(to);
    if (::linkat(from_parent.get(), from_name.c_str(), to_parent.get(), to_name.c_str(), 0) != 0)
        throw SystemError(std::format("cannot link '{}' to '{}' in '{}'", from, to, name_));
}

void Dir::rename(std::string_view from, std::string_view to) const {
    const auto [from_parent, from_name] = open_parent(from);
    const auto [to_parent, to_name] = open_parent(to);
    if (::renameat(from_parent.get(), from_name.c_str(), to_parent.get(), to_name.c_str()) != 0)
        throw SystemError(std::format("cannot rename '{}' to '{}' in '{}'", from, to, name_));
}

void Dir::move_to(std::string_view from, const Dir& target, std::string_view to, Overwrite overwrite) const {
    const auto [from_parent, from_name] = open_parent(from);
    const auto [to_parent, to_name] = target.open_parent(to);
    // musl has no function for it.
    const unsigned flags = overwrite == Overwrite::never ? RENAME_NOREPLACE : 0;
    if (::syscall(SYS_renameat2, from_parent.get(), from_name.c_str(), to_parent.get(), to_name.c_str(),
                  flags) != 0)
        throw SystemError(std::format("cannot move '{}/{}' to '{}/{}'", name_, from, target.name(), to));
}

void Dir::link_to(std::string_view from, const Dir& target, std::string_view to) const {
    const auto [from_parent, from_name] = open_parent(from);
    const auto [to_parent, to_name] = target.open_parent(to);
    if (::linkat(from_parent.get(), from_name.c_str(), to_parent.get(), to_name.c_str(), 0) != 0)
        throw SystemError(std::format("cannot link '{}/{}' to '{}/{}'", name_, from, target.name(), to));
}

void Dir::remove_file(std::string_view path) const {
    const auto [parent, name] = open_parent(path);
    if (::unlinkat(parent.get(), name.c_str(), 0) != 0)
        throw SystemError(std::format("cannot remove '{}' in '{}'", path, name_));
}

void Dir::remove_directory(std::string_view path) const {
    const auto [parent, name] = open_parent(path);
    if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) != 0)
        throw SystemError(std::format("cannot remove directory '{}' in '{}'", path, name_));
}

void Dir::set_mode(std::string_view path, mode_t mode) const {
    const Fd fd = open_file(path, O_RDONLY | O_NONBLOCK);
    if (::fchmod(fd.get(), mode) != 0)
        throw SystemError(std::format("cannot set the mode of '{}' in '{}'", path, name_));
}

}  // namespace cairn
