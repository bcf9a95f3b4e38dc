#pragma once

#include <string>
#include <vector>

#include "pkg/archive/tree.h"
#include "pkg/package/identity.h"

namespace cairn::package {

/// One thing that two packages say differently of themselves: "version", "1.3" and "1.4".
struct IdentityChange {
    std::string field;
    std::string before;
    std::string after;
    bool operator==(const IdentityChange&) const = default;
};

/// One path that is not the same in both; one of the two entries is empty when only one package has it.
struct FileChange {
    std::string path;
    const archive::FileEntry* before = nullptr;
    const archive::FileEntry* after = nullptr;
};

/// What became of a package from one version to another. Borrows the trees' entries.
struct Difference {
    std::vector<IdentityChange> identity;
    std::vector<FileChange> files;  // by path
    bool is_empty() const { return identity.empty() && files.empty(); }
};

Difference compare(const Identity& before, const archive::FileTree& before_files, const Identity& after,
                   const archive::FileTree& after_files);

/// What of an entry changed, for people: "content, 1.2 kB -> 1.3 kB; mode 0644 -> 0755".
std::string describe(const FileChange& change);

}  // namespace cairn::package
