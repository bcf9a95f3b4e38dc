#include "installer/disks/device_mapper.h"

#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include <cstring>
#include <format>
#include <string_view>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::disks {

namespace {

/// A request: the fixed head, and behind it the one target that a table load carries.
class Request {
  public:
    explicit Request(std::string_view name) : bytes_(buffer_length) {
        dm_ioctl& head = this->head();
        head.version[0] = DM_VERSION_MAJOR;
        head.data_size = static_cast<std::uint32_t>(bytes_.size());
        head.data_start = sizeof(dm_ioctl);
        if (name.size() >= sizeof head.name)
            throw Error(std::format("'{}' is too long for a mapped device", name));
        std::memcpy(head.name, name.data(), name.size());
    }

    dm_ioctl& head() { return *reinterpret_cast<dm_ioctl*>(bytes_.data()); }

    void add_target(const MappedTarget& target) {
        const std::size_t start = sizeof(dm_ioctl) + sizeof(dm_target_spec);
        if (target.type.size() >= DM_MAX_TYPE_NAME || start + target.parameters.size() >= bytes_.size())
            throw Error(std::format("the table of a '{}' device is too long", target.type));
        dm_target_spec spec = {};
        spec.length = target.sectors;
        std::memcpy(spec.target_type, target.type.data(), target.type.size());
        std::memcpy(bytes_.data() + sizeof(dm_ioctl), &spec, sizeof spec);
        std::memcpy(bytes_.data() + start, target.parameters.data(), target.parameters.size());
        head().target_count = 1;
        if (target.access == MappedTarget::Access::read_only) head().flags |= DM_READONLY_FLAG;
    }

    void send(unsigned int command, std::string_view job) {
        const Fd control = open_file("/dev/mapper/control", O_RDWR);
        if (ioctl(control.get(), command, bytes_.data()) != 0) throw SystemError(job);
    }

  private:
    static constexpr std::size_t buffer_length = 16384;
    std::vector<char> bytes_;
};

void send_remove(const std::string& name) {
    Request(name).send(DM_DEV_REMOVE, std::format("cannot remove the mapped device '{}'", name));
}

}  // namespace

MappedDevice MappedDevice::open(const std::string& name, const MappedTarget& target) {
    Request create(name);
    create.send(DM_DEV_CREATE, std::format("cannot make the mapped device '{}'", name));
    MappedDevice device(name, std::format("/dev/dm-{}", minor(static_cast<dev_t>(create.head().dev))));

    Request load(name);
    load.add_target(target);
    load.send(DM_TABLE_LOAD, std::format("the kernel refuses the {} table of '{}'", target.type, name));

    Request resume(name);  // without DM_SUSPEND_FLAG this command resumes
    if (target.access == MappedTarget::Access::read_only) resume.head().flags |= DM_READONLY_FLAG;
    resume.send(DM_DEV_SUSPEND, std::format("cannot activate the mapped device '{}'", name));
    return device;
}

MappedDevice::MappedDevice(MappedDevice&& other) noexcept
    : name_(std::exchange(other.name_, {})), path_(std::move(other.path_)), is_kept_(other.is_kept_) {}

MappedDevice::~MappedDevice() {
    if (!name_.empty() && !is_kept_) remove_mapped_device(name_);
}

void MappedDevice::remove() {
    const std::string name = std::exchange(name_, {});
    send_remove(name);
}

void remove_mapped_device(const std::string& name) {
    try {
        send_remove(name);
    } catch (const Error&) {
        // None there, or still in use: then it goes when the machine goes.
    }
}

}  // namespace cairn::disks
