#include "installer/disks/block_device.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cstdlib>
#include <memory>

#include "pkg/base/error.h"

namespace cairn::disks {

namespace {

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

/// Memory that direct input and output accepts.
std::unique_ptr<std::uint8_t, Free> make_aligned(std::uint64_t length) {
    constexpr std::uint64_t alignment = 4096;
    const std::uint64_t rounded = (length + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, rounded);
    if (memory == nullptr) throw Error("cannot get memory for disk access");
    return std::unique_ptr<std::uint8_t, Free>(static_cast<std::uint8_t*>(memory));
}

void check_range(const BlockDevice& device, std::uint64_t offset, std::uint64_t length) {
    CHECK(offset % device.sector_size() == 0 && length % device.sector_size() == 0);
    if (offset > device.size() || length > device.size() - offset)
        throw Error("cannot access disk '" + device.name() + "': the place lies behind its end");
}

}  // namespace

DiskFile::DiskFile(std::filesystem::path path, Access access, std::uint32_t sector_size_of_files)
    : name_(path.string()),
      fd_(open_file(path, access == Access::read_write ? O_RDWR : O_RDONLY)),
      sector_size_(sector_size_of_files) {
    struct stat status = {};
    if (fstat(fd_.get(), &status) != 0) throw SystemError("cannot look at '" + name_ + "'");
    if (!S_ISBLK(status.st_mode)) {
        size_ = static_cast<std::uint64_t>(status.st_size);
        return;
    }
    int sector_size = 0;
    if (ioctl(fd_.get(), BLKGETSIZE64, &size_) != 0 || ioctl(fd_.get(), BLKSSZGET, &sector_size) != 0)
        throw SystemError("cannot get the size of disk '" + name_ + "'");
    sector_size_ = static_cast<std::uint32_t>(sector_size);
    const int flags = fcntl(fd_.get(), F_GETFL);
    if (flags < 0 || fcntl(fd_.get(), F_SETFL, flags | O_DIRECT) != 0)
        throw SystemError("cannot open disk '" + name_ + "' for direct access");
}

std::vector<std::uint8_t> DiskFile::read(std::uint64_t offset, std::uint64_t length) {
    check_range(*this, offset, length);
    const auto memory = make_aligned(length);
    read_exactly_at(fd_.get(), {memory.get(), static_cast<std::size_t>(length)}, offset, name_);
    return {memory.get(), memory.get() + length};
}

void DiskFile::write(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
    check_range(*this, offset, bytes.size());
    const auto memory = make_aligned(bytes.size());
    std::copy(bytes.begin(), bytes.end(), memory.get());
    write_all_at(fd_.get(), {memory.get(), bytes.size()}, offset, name_);
}

void DiskFile::sync() {
    sync_fd(fd_.get(), name_);
}

}  // namespace cairn::disks
