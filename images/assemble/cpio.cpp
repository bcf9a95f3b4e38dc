#include "images/assemble/cpio.h"

#include <sys/stat.h>

#include <format>
#include <limits>
#include <utility>

#include "pkg/base/error.h"

namespace cairn::assemble {
namespace {

void pad_to_four(std::string& bytes) {
    while (bytes.size() % 4 != 0) bytes.push_back('\0');
}

}  // namespace

void CpioArchive::add(const archive::FileEntry& entry, std::string_view content) {
    switch (entry.kind) {
        case archive::Kind::directory:
            return add_record(entry.path, S_IFDIR | entry.mode, entry, {});
        case archive::Kind::symlink:
            return add_record(entry.path, S_IFLNK | 0777, entry, entry.target);
        case archive::Kind::file:
            return add_record(entry.path, S_IFREG | entry.mode, entry, content);
        case archive::Kind::hard_link:
            break;
    }
    throw Error(std::format("cannot put hard link '{}' into the initfs", entry.path));
}

void CpioArchive::add_record(std::string_view name, std::uint32_t mode, const archive::FileEntry& entry,
                             std::string_view content) {
    if (content.size() > std::numeric_limits<std::uint32_t>::max())
        throw Error(std::format("cannot put '{}' into the initfs: it is larger than 4 GiB", name));
    const std::uint32_t links = S_ISDIR(mode) ? 2 : 1;
    // magic, inode, mode, uid, gid, links, time, size, device (2), special device (2), length of the name,
    // checksum
    bytes_ += std::format(
        "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}", next_inode_++,
        mode, entry.uid, entry.gid, links, time_, content.size(), 0, 0, 0, 0, name.size() + 1, 0);
    bytes_ += name;
    bytes_.push_back('\0');
    pad_to_four(bytes_);
    bytes_ += content;
    pad_to_four(bytes_);
}

std::string CpioArchive::finish() && {
    add_record("TRAILER!!!", 0, {}, {});
    return std::move(bytes_);
}

}  // namespace cairn::assemble
