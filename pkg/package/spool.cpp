#include "pkg/package/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "pkg/base/error.h"

namespace cairn::package {
namespace {

constexpr std::size_t memory_limit = 8 << 20;

}  // namespace

void Spool::append(std::span<const std::uint8_t> bytes) {
    hasher_.update(bytes);
    memory_.insert(memory_.end(), bytes.begin(), bytes.end());
    size_ += bytes.size();
    if (memory_.size() >= memory_limit) flush();
}

void Spool::flush() {
    if (!file_.is_open()) file_ = open_file(directory_, O_TMPFILE | O_RDWR, 0600);
    write_all(file_.get(), std::span<const std::uint8_t>(memory_), "package data");
    memory_.clear();
}

void Spool::copy_to(int fd, const std::string& name) {
    if (!file_.is_open()) {
        write_all(fd, std::span<const std::uint8_t>(memory_), name);
        return;
    }
    flush();
    off_t offset = 0;
    for (std::uint64_t left = size_; left > 0;) {
        // The kernel copies, and shares blocks where the file system can. It cannot everywhere; then we do.
        const ssize_t count = copy_file_range(file_.get(), &offset, fd, nullptr, left, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        left -= static_cast<std::uint64_t>(count);
    }
    std::vector<std::uint8_t> buffer(1 << 20);
    while (static_cast<std::uint64_t>(offset) < size_) {
        const auto part = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), size_ - offset));
        read_exactly_at(file_.get(), part, static_cast<std::uint64_t>(offset), name);
        write_all(fd, part, name);
        offset += static_cast<off_t>(part.size());
    }
}

}  // namespace cairn::package
