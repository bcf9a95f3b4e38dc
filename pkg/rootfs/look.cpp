#include "pkg/rootfs/look.h"

#include <fcntl.h>

#include <cerrno>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::rootfs {
namespace {

std::uint64_t device_of(int fd, const std::string& name) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) throw SystemError(std::format("cannot stat '{}'", name));
    return status.st_dev;
}

std::string_view last_component(std::string_view path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// Empty when nothing is there, or something on the way is no directory: a link counts as none.
std::optional<Dir> find_directory(const Dir& root, std::string_view path) {
    try {
        return root.open_directory(path);
    } catch (const SystemError& error) {
        const int number = error.error_number();
        if (number != ENOENT && number != ENOTDIR && number != ELOOP) throw;
        return std::nullopt;
    }
}

}  // namespace

PathLooker::PathLooker(const Dir& root) : root_(root), device_(device_of(root.fd(), root.name())) {}

void PathLooker::enter_parent(std::string_view parent) {
    if (parent == parent_name_) return;
    parent_name_ = parent;
    parent_.reset();
    if (parent.empty()) {
        device_ = device_of(root_.fd(), root_.name());
        return;
    }
    parent_ = find_directory(root_, parent);
    if (parent_) {
        device_ = device_of(parent_->fd(), parent_->name());
        return;
    }
    std::string_view above = parent;
    std::optional<Dir> directory;
    while (!directory && above.contains('/'))
        directory = find_directory(root_, above = above.substr(0, above.rfind('/')));
    device_ = directory ? device_of(directory->fd(), directory->name()) : device_of(root_.fd(), root_.name());
}

PathLooker::Place PathLooker::look(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    enter_parent(slash == std::string::npos ? std::string_view() : std::string_view(path).substr(0, slash));
    Place place{.device = device_};
    if (slash != std::string::npos && !parent_) return place;
    const int directory = parent_ ? parent_->fd() : root_.fd();
    struct stat status{};
    if (::fstatat(directory, std::string(last_component(path)).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
        place.status = status;
    else if (errno != ENOENT)
        throw SystemError(std::format("cannot stat '{}' in '{}'", path, root_.name()));
    return place;
}

std::string PathLooker::read_link(const std::string& path) const {
    return (parent_ ? *parent_ : root_).read_link(last_component(path));
}

std::vector<std::string> PathLooker::names(const std::string& path) const {
    return (parent_ ? *parent_ : root_).names(last_component(path));
}

crypto::Hash PathLooker::hash_file(const std::string& path) const {
    // Not waiting for a writer, should the file have become a pipe meanwhile.
    const Fd fd = (parent_ ? *parent_ : root_).open_file(last_component(path), O_RDONLY | O_NONBLOCK);
    return crypto::hash_file_blake2b(fd.get(), path);
}

}  // namespace cairn::rootfs
