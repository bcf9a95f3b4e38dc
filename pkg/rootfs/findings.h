#pragma once

#include <string>
#include <vector>

#include "pkg/base/dir.h"
#include "pkg/rootfs/changes.h"

/// What is really there at the paths that a transaction is about. Reads only; follows no link.
namespace cairn::rootfs {

struct Finding {
    enum class State {
        absent,     // nothing, or its directory is none (a link, a file)
        as_before,  // what the database says: kind, content, link target
        as_after,   // not that, but what the new package has
        other,      // something else: changed locally, or never a package's
    };
    State state = State::absent;
    bool is_directory = false;
    mode_t mode = 0;  // permission bits
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<std::string> names = {};  // what is in it, where a directory has to make room for a file
    // File system of the path, or of the nearest directory above it that is there.
    std::uint64_t device = 0;
    bool operator==(const Finding&) const = default;
};

/// One for each of `paths`. Files that could be what the database says are read and hashed, by two threads.
std::vector<Finding> look_at_root(const Dir& root, const std::vector<PathChange>& paths);

}  // namespace cairn::rootfs
