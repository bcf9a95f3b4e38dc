#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "images/assemble/boot_drivers.h"
#include "pkg/archive/tree.h"

/// The initfs: the first file system, which the loader hands to the kernel. It is made from packages' file
/// tables and holds two things: the definition's initfs packages, in which usr/lib/cairn/initfs stands for
/// the top (so that usr/lib/cairn/initfs/init becomes /init) and all else keeps its place; and out of the
/// root the modules and firmware of the boot driver groups, with the indexes by which modules are found.
namespace cairn::assemble {

enum class InitfsSource { none, initfs_packages, root };

struct InitfsItem {
    archive::FileEntry entry;  // as in the initfs; never a hard link
    InitfsSource source = InitfsSource::none;
    std::string source_path = {};  // where a file's content is read
    friend bool operator==(const InitfsItem&, const InitfsItem&) = default;
};

/// Sorted by path, folders before what is in them.
using InitfsPlan = std::vector<InitfsItem>;

using Entries = std::vector<archive::FileEntry>;

/// Of the driver groups only those count that the kernel knows, that are for boot and that the image asks
/// for. Throws Error when there is no /init, or when the root lacks a module of such a group.
InitfsPlan plan_initfs(const Entries& initfs_packages, const Entries& root, const BootDrivers& drivers,
                       const std::vector<std::string>& groups);

/// The cpio archive, compressed. `read` gives the content of an item that is a file.
std::string make_initfs(const InitfsPlan& plan,
                        const std::function<std::string(const InitfsItem& item)>& read, std::uint64_t time);

}  // namespace cairn::assemble
