#include "pkg/archive/unpack_writer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <format>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::archive {
namespace {

/// Read from /proc, because umask(2) can only be read by changing it, for all threads.
unsigned current_umask() {
    for (const std::string& line : split(read_file("/proc/self/status"), '\n'))
        if (line.starts_with("Umask:")) return static_cast<unsigned>(std::stoul(line.substr(6), nullptr, 8));
    return 0777;
}

constexpr timespec fixed_times[2] = {{.tv_sec = fixed_time, .tv_nsec = 0},
                                     {.tv_sec = fixed_time, .tv_nsec = 0}};

}  // namespace

UnpackWriter::UnpackWriter(const Dir& destination)
    : destination_(destination), is_mode_masked_((current_umask() & 0755) != 0) {}

/// What the kernel says when an entry meets another one in its way, in words about the archive.
template <class Body>
decltype(auto) UnpackWriter::make_entry(const std::string& path, Body&& body) {
    try {
        return std::forward<Body>(body)();
    } catch (const SystemError& error) {
        switch (error.error_number()) {
            case ELOOP:
            case ENOTDIR:
            case EXDEV:
                throw VerifyError(std::format(
                    "cannot unpack entry '{}': a link or file of the archive is in its way", path));
            case EEXIST:
                throw VerifyError(std::format("cannot unpack entry '{}': it is there twice", path));
            default:
                throw;
        }
    }
}

std::pair<const Dir*, std::string> UnpackWriter::parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {&destination_, path};
    const std::string_view parent = std::string_view(path).substr(0, slash);
    if (!parent_ || parent_path_ != parent) {
        make_directory(std::string(parent));
        parent_ = destination_.open_directory(parent);
        parent_path_ = parent;
    }
    return {&*parent_, path.substr(slash + 1)};
}

void UnpackWriter::make_directory(const std::string& path) {
    if (directories_.contains(path)) return;
    if (const std::size_t slash = path.rfind('/'); slash != std::string::npos)
        make_directory(path.substr(0, slash));
    make_entry(path, [&] {
        // Directories of the archive are in directories_; whatever else is there is no directory of ours.
        if (destination_.find_status(path))
            throw VerifyError(
                std::format("cannot unpack entry '{}': a link or file of the archive is in its way", path));
        destination_.make_directory(path, 0755);
        if (is_mode_masked_) destination_.set_mode(path, 0755);
    });
    directories_.insert(path);
    ++summary_.directories;
}

void UnpackWriter::make_symlink(const std::string& target, const std::string& path) {
    make_entry(path, [&] {
        const auto [parent, name] = parent_of(path);
        parent->make_symlink(target, name);
        set_fixed_time(parent->fd(), name);
    });
    ++summary_.files;
}

void UnpackWriter::make_hard_link(const std::string& target, const std::string& path) {
    make_entry(path, [&] {
        const auto status = destination_.find_status(target);
        if (!status || !S_ISREG(status->st_mode))
            throw VerifyError(
                std::format("cannot unpack entry '{}': it is a hard link to '{}', which is no file before it",
                            path, target));
        if (const std::size_t slash = path.rfind('/'); slash != std::string::npos)
            make_directory(path.substr(0, slash));
        destination_.make_hard_link(target, path);
    });
    ++summary_.files;
}

Fd UnpackWriter::make_file(const std::string& path, bool is_executable) {
    return make_entry(path, [&] {
        const auto [parent, name] = parent_of(path);
        const mode_t mode = is_executable ? 0755 : 0644;
        Fd file = parent->open_file(name, O_WRONLY | O_CREAT | O_EXCL, mode);
        if (is_mode_masked_ && ::fchmod(file.get(), mode) != 0)
            throw SystemError(std::format("cannot set the mode of '{}'", path));
        ++summary_.files;
        return file;
    });
}

void UnpackWriter::close_file(Fd file, const std::string& path) {
    summary_.bytes += file_size(file.get(), path);
    if (::futimens(file.get(), fixed_times) != 0)
        throw SystemError(std::format("cannot set the time of '{}'", path));
}

void UnpackWriter::finish() {
    parent_.reset();
    for (const std::string& path : directories_) set_fixed_time(destination_.fd(), path);
    if (::futimens(destination_.fd(), fixed_times) != 0)
        throw SystemError(std::format("cannot set the time of '{}'", destination_.name()));
}

void UnpackWriter::set_fixed_time(int directory, const std::string& name) const {
    if (::utimensat(directory, name.c_str(), fixed_times, AT_SYMLINK_NOFOLLOW) != 0)
        throw SystemError(std::format("cannot set the time of '{}' in '{}'", name, destination_.name()));
}

}  // namespace cairn::archive
