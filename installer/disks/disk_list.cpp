#include "installer/disks/disk_list.h"

#include <fcntl.h>
#include <linux/blkpg.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <charconv>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::disks {

namespace {

constexpr std::uint64_t kernel_sector = 512;  // whatever the disk's own sectors are

namespace fs = std::filesystem;

std::uint64_t read_number(const fs::path& path) {
    const auto text = find_file(path);
    std::uint64_t value = 0;
    if (!text) return 0;
    const std::string_view digits = trim(*text);
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::string read_line(const fs::path& path) {
    return std::string(trim(find_file(path).value_or("")));
}

std::optional<PartitionNode> find_partition(const fs::path& directory, const fs::path& dev) {
    PartitionNode node = {.device = read_line(directory / "dev"),
                          .node = dev / directory.filename(),
                          .start = read_number(directory / "start") * kernel_sector,
                          .size = read_number(directory / "size") * kernel_sector};
    if (node.device.empty()) return std::nullopt;
    return node;
}

/// Optical and floppy drives are disks to the kernel; reading an empty one only costs time.
bool is_never_a_system_disk(std::string_view name) {
    return name.starts_with("sr") || name.starts_with("fd");
}

/// Its place among the devices leads through a bus: …/usb1/1-1/1-1:1.0/host2/target2:0:0/2:0:0:0.
bool hangs_on_usb(const fs::path& directory) {
    std::error_code ignored;
    return std::ranges::any_of(fs::canonical(directory / "device", ignored), [](const fs::path& part) {
        const std::string name = part.string();
        return name.starts_with("usb") && name.size() > 3 &&
               std::ranges::all_of(name.substr(3), [](char c) { return c >= '0' && c <= '9'; });
    });
}

std::optional<DiskNode> find_disk(const fs::path& directory, const fs::path& dev) {
    const std::string name = directory.filename();
    std::error_code ignored;
    if (is_never_a_system_disk(name) || fs::exists(directory / "partition", ignored)) return std::nullopt;
    if (!fs::exists(directory / "device", ignored)) return std::nullopt;  // loop, RAM, mapped
    DiskNode disk = {.name = name,
                     .device = read_line(directory / "dev"),
                     .node = dev / name,
                     .size = read_number(directory / "size") * kernel_sector,
                     .is_removable = read_line(directory / "removable") == "1",
                     .is_on_usb = hangs_on_usb(directory),
                     .sequence = read_number(directory / "diskseq")};
    if (disk.size == 0) return std::nullopt;
    for (const auto& entry : fs::directory_iterator(directory, ignored)) {
        const auto number = static_cast<std::uint32_t>(read_number(entry.path() / "partition"));
        if (number == 0) continue;
        if (const auto partition = find_partition(entry.path(), dev))
            disk.partitions.emplace(number, *partition);
    }
    return disk;
}

}  // namespace

std::vector<DiskNode> read_disks(const fs::path& sys, const fs::path& dev) {
    std::vector<DiskNode> disks;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(sys / "class" / "block", error))
        if (const auto disk = find_disk(entry.path(), dev)) disks.push_back(*disk);
    std::ranges::sort(disks, {}, &DiskNode::name);
    return disks;
}

void add_kernel_partition(const fs::path& disk, std::uint32_t number, std::uint64_t start,
                          std::uint64_t size) {
    const Fd fd = open_file(disk, O_RDONLY);
    blkpg_partition partition = {};
    partition.start = static_cast<long long>(start);
    partition.length = static_cast<long long>(size);
    partition.pno = static_cast<int>(number);
    blkpg_ioctl_arg request = {.op = BLKPG_ADD_PARTITION,
                               .flags = 0,
                               .datalen = static_cast<int>(sizeof partition),
                               .data = &partition};
    if (ioctl(fd.get(), BLKPG, &request) != 0)
        throw SystemError(std::format("the kernel refuses partition {} of '{}'", number, disk.string()));
}

}  // namespace cairn::disks
