#include "installer/update/area.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::update {

void Area::read(std::uint64_t first, std::span<std::uint8_t> bytes) const {
    CHECK(first * block_size + bytes.size() <= size);
    read_exactly_at(fd, bytes, offset + first * block_size, name);
}

void Area::write(std::uint64_t first, std::span<const std::uint8_t> bytes) const {
    CHECK(first * block_size + bytes.size() <= size);
    write_all_at(fd, bytes, offset + first * block_size, name);
}

bool Area::try_read(std::uint64_t first, std::span<std::uint8_t> bytes) const {
    if (first * block_size + bytes.size() > size) return false;
    for (std::uint64_t place = offset + first * block_size; !bytes.empty();) {
        const ssize_t count = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(place));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        place += static_cast<std::uint64_t>(count);
    }
    return true;
}

void Area::sync() const {
    sync_fd(fd, name);
}

void Area::forget_cache() const {
    ::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(size), POSIX_FADV_DONTNEED);
}

}  // namespace cairn::update
