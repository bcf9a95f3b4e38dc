#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace cairn::disks {

/// One line of a device-mapper table, from sector 0 to the device's end. Sectors are always of 512 bytes
/// here, whatever the disk's are.
struct MappedTarget {
    std::uint64_t sectors = 0;
    std::string type;        // "linear", "verity"
    std::string parameters;  // as the kernel documents them for the type
    enum class Access { read_only, read_write } access = Access::read_only;
};

/// A device made by the kernel's device mapper, through its own ioctls (no library: the first process is
/// static and needs three calls). Destroyed, the device is removed; `keep` leaves it for as long as the
/// kernel runs.
class MappedDevice {
  public:
    /// `name` must be free. Throws SystemError with the target in the message; then there is no device.
    static MappedDevice open(const std::string& name, const MappedTarget& target);
    MappedDevice(MappedDevice&& other) noexcept;
    MappedDevice& operator=(MappedDevice&&) = delete;
    ~MappedDevice();

    /// The node that the kernel makes, /dev/dm-<minor>.
    const std::filesystem::path& path() const { return path_; }
    void keep() { is_kept_ = true; }
    /// Removes it now and says so when that fails; the destructor would be silent.
    void remove();

  private:
    MappedDevice(std::string name, std::filesystem::path path)
        : name_(std::move(name)), path_(std::move(path)) {}
    std::string name_;
    std::filesystem::path path_;
    bool is_kept_ = false;
};

/// Removes a device that an earlier process left. Nothing there is fine, and so is one that is still in use.
void remove_mapped_device(const std::string& name);

}  // namespace cairn::disks
