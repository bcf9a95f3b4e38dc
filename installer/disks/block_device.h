#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "pkg/base/fd.h"

namespace cairn::disks {

/// A whole disk, as far as partition tables and superblocks are concerned. Offsets and lengths are bytes and
/// must be multiples of sector_size().
class BlockDevice {
  public:
    virtual ~BlockDevice() = default;
    virtual std::uint64_t size() const = 0;
    /// The disk's logical sector: the unit that its partition table counts in (512 or 4096).
    virtual std::uint32_t sector_size() const = 0;
    /// For messages.
    virtual const std::string& name() const = 0;

    virtual std::vector<std::uint8_t> read(std::uint64_t offset, std::uint64_t length) = 0;
    /// When it fails, any part of the bytes may have been written.
    virtual void write(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;
    /// What was written before is on the disk when this returns. A failed sync must end the job: what the
    /// failed write held is lost, and a second sync would say nothing about it.
    virtual void sync() = 0;
};

/// A block device node, or an image file (then the caller says what its sectors are). Devices are read and
/// written past the page cache, so that one write is one write and what is read is what the disk holds.
class DiskFile : public BlockDevice {
  public:
    enum class Access { read_only, read_write };
    DiskFile(std::filesystem::path path, Access access, std::uint32_t sector_size_of_files = 512);

    std::uint64_t size() const override { return size_; }
    std::uint32_t sector_size() const override { return sector_size_; }
    const std::string& name() const override { return name_; }
    int fd() const { return fd_.get(); }

    std::vector<std::uint8_t> read(std::uint64_t offset, std::uint64_t length) override;
    void write(std::uint64_t offset, std::span<const std::uint8_t> bytes) override;
    void sync() override;

  private:
    std::string name_;
    Fd fd_;
    std::uint64_t size_ = 0;
    std::uint32_t sector_size_ = 512;
};

}  // namespace cairn::disks
