#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "images/assemble/metadata.h"
#include "pkg/archive/tree.h"

namespace cairn::assemble {

/// What an image is made from: the files of packages laid out as one tree.
struct PackagedTree {
    archive::FileTree files;
    std::vector<PackageRecord> packages;         // sorted by name
    std::map<std::string, std::uint64_t> sizes;  // bytes of files by package, to name the largest
    /// Content of an entry of kind `file`, checked against its hash. Cheapest in the order of `files`.
    std::function<std::string(const archive::FileEntry& entry)> read;
};

/// A file that the image itself adds to the root.
struct AddedFile {
    std::string path;
    std::string content;
};

/// Writes the whole root as a tar stream: the top folder, the tree, the added files with their folders, in
/// the order of their paths; all of one time. Throws Error when a package has a file where one is to be
/// added.
void write_root_tar(const PackagedTree& tree, const std::vector<AddedFile>& added, std::uint64_t time,
                    int fd);

}  // namespace cairn::assemble
