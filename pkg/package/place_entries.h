#pragma once

#include <string>
#include <vector>

#include "pkg/archive/tree.h"
#include "pkg/base/dir.h"

/// Making the entries of a file table in a directory, apart from the contents of files: where each goes,
/// directories, links and attributes. Used by extract.h and by pkg/rootfs.
namespace cairn::package {

enum class Owners {
    ours,   // everything belongs to who extracts; extended attributes are left out
    exact,  // owners and extended attributes as the package says; needs root
};

/// A path below the target for each entry, in the order of the table. What has an empty one is left out.
using Places = std::vector<std::string>;

/// The places that a table itself names.
Places own_places(const archive::FileTree& files);

/// Owner and extended attributes (when exact), then the mode: changing the owner clears bits of it.
void set_attributes(int fd, const archive::FileEntry& entry, Owners owners);

/// Directories with mode 0700, so that they can be filled whatever theirs is. Those that are there are fine.
void place_directories(const archive::FileTree& files, const Dir& target, const Places& places);
/// Symbolic and hard links. The file of a hard link must have a place and be there.
void place_links(const archive::FileTree& files, const Dir& target, const Places& places, Owners owners);
/// The directories' own attributes, the deepest first. The last step: a mode may forbid to write.
void finish_directories(const archive::FileTree& files, const Dir& target, const Places& places,
                        Owners owners);

}  // namespace cairn::package
