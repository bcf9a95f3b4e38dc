#include "pkg/base/fd.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <format>
#include <utility>

#include "pkg/base/error.h"

namespace cairn {

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        reset();
        number_ = other.release();
    }
    return *this;
}

int Fd::release() {
    return std::exchange(number_, -1);
}

void Fd::reset() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
}

Fd open_file(const std::filesystem::path& path, int flags, mode_t mode) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) throw SystemError(std::format("cannot open '{}'", path.string()));
    return Fd(fd);
}

void write_all(int fd, std::span<const std::uint8_t> bytes, const std::string& name) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw SystemError(std::format("cannot write '{}'", name));
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

void write_all(int fd, std::string_view text, const std::string& name) {
    write_all(fd, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), name);
}

void write_all_at(int fd, std::span<const std::uint8_t> bytes, std::uint64_t offset,
                  const std::string& name) {
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw SystemError(std::format("cannot write '{}' at {}", name, offset));
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
}

void read_exactly_at(int fd, std::span<std::uint8_t> bytes, std::uint64_t offset, const std::string& name) {
    while (!bytes.empty()) {
        const ssize_t count = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw SystemError(std::format("cannot read '{}' at {}", name, offset));
        if (count == 0) throw Error(std::format("'{}' ends at {}, where more was expected", name, offset));
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
}

std::size_t read_up_to(int fd, std::span<std::uint8_t> bytes, const std::string& name) {
    std::size_t total = 0;
    while (total < bytes.size()) {
        const ssize_t count = ::read(fd, bytes.data() + total, bytes.size() - total);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) throw SystemError(std::format("cannot read '{}'", name));
        if (count == 0) break;
        total += static_cast<std::size_t>(count);
    }
    return total;
}

std::uint64_t file_size(int fd, const std::string& name) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) throw SystemError(std::format("cannot stat '{}'", name));
    return static_cast<std::uint64_t>(status.st_size);
}

void sync_fd(int fd, const std::string& name) {
    if (::fsync(fd) != 0) throw SystemError(std::format("cannot sync '{}'", name));
}

}  // namespace cairn
