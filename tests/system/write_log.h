#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace cairn::system_test {

/// One thing that a machine did to a disk, in the order in which the disk got it.
struct DiskEvent {
    enum class Kind { write, discard, flush };
    Kind kind = Kind::write;
    std::uint64_t offset = 0;       // bytes
    std::uint64_t length = 0;       // bytes
    std::uint64_t data_offset = 0;  // writes: where the bytes are in the log
    bool reaches_disk = false;      // writes: on the disk once done, without a flush (FUA)
};

/// Reads the log that a Disk's `write_log` became, in the format of the kernel's dm-log-writes (see
/// Documentation/admin-guide/device-mapper/log-writes.rst; 512-byte sectors). Throws Error when it is
/// damaged.
std::vector<DiskEvent> read_write_log(const std::filesystem::path& log);

}  // namespace cairn::system_test
