#include "pkg/package/place_entries.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <format>
#include <optional>

#include "pkg/base/error.h"

namespace cairn::package {
namespace {

using archive::FileEntry;
using archive::FileTree;
using archive::Kind;

void set_owner(int fd, const FileEntry& entry) {
    if (::fchown(fd, entry.uid, entry.gid) != 0)
        throw SystemError(std::format("cannot give '{}' to {}:{}", entry.path, entry.uid, entry.gid));
    for (const archive::Xattr& xattr : entry.xattrs)
        if (::fsetxattr(fd, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0) != 0)
            throw SystemError(std::format("cannot set '{}' of '{}'", xattr.name, entry.path));
}

void set_link_owner(const Dir& target, const std::string& place, const FileEntry& entry) {
    const std::size_t slash = place.rfind('/');
    const std::string name = slash == std::string::npos ? place : place.substr(slash + 1);
    std::optional<Dir> parent;
    if (slash != std::string::npos) parent = target.open_directory(std::string_view(place).substr(0, slash));
    const int directory = parent ? parent->fd() : target.fd();
    if (::fchownat(directory, name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0)
        throw SystemError(std::format("cannot give '{}' to {}:{}", entry.path, entry.uid, entry.gid));
}

const std::string& place_of_target(const FileTree& files, const Places& places, const FileEntry& link) {
    const FileEntry* file = files.find(link.target);
    CHECK(file != nullptr);
    return places[static_cast<std::size_t>(file - files.entries.data())];
}

}  // namespace

Places own_places(const FileTree& files) {
    Places places;
    places.reserve(files.entries.size());
    for (const FileEntry& entry : files.entries) places.push_back(entry.path);
    return places;
}

void set_attributes(int fd, const FileEntry& entry, Owners owners) {
    if (owners == Owners::exact) set_owner(fd, entry);
    if (::fchmod(fd, entry.mode) != 0)
        throw SystemError(std::format("cannot set the mode of '{}'", entry.path));
}

void place_directories(const FileTree& files, const Dir& target, const Places& places) {
    for (std::size_t i = 0; i < places.size(); ++i)
        if (!places[i].empty() && files.entries[i].kind == Kind::directory)
            target.make_directory(places[i], 0700);
}

void place_links(const FileTree& files, const Dir& target, const Places& places, Owners owners) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        const FileEntry& entry = files.entries[i];
        if (places[i].empty()) continue;
        if (entry.kind == Kind::hard_link)
            target.make_hard_link(place_of_target(files, places, entry), places[i]);
        if (entry.kind != Kind::symlink) continue;
        target.make_symlink(entry.target, places[i]);
        if (owners == Owners::exact) set_link_owner(target, places[i], entry);
    }
}

void finish_directories(const FileTree& files, const Dir& target, const Places& places, Owners owners) {
    for (std::size_t i = places.size(); i-- > 0;)
        if (!places[i].empty() && files.entries[i].kind == Kind::directory)
            set_attributes(target.open_directory(places[i]).fd(), files.entries[i], owners);
}

}  // namespace cairn::package
