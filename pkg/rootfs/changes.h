#pragma once

#include <span>
#include <string>
#include <vector>

#include "pkg/rootfs/database.h"

/// The first half of planning: which packages and paths differ between what is installed and what is wanted.
/// Pure: no file is looked at.
namespace cairn::rootfs {

/// What is wanted. Heads are borrowed.
struct Request {
    std::vector<const package::VerifiedHead*> add;  // new, or in place of the one with the same name
    std::vector<std::string> remove;
};

/// An entry of a package, and the entry that holds its content: itself, or a hard link's file.
struct PackageEntry {
    const archive::FileEntry* entry = nullptr;  // null: there is none
    const archive::FileEntry* content = nullptr;

    explicit operator bool() const { return entry != nullptr; }
    bool is_directory() const { return entry != nullptr && entry->kind == archive::Kind::directory; }
};

/// `entry` is one of `files`.
PackageEntry entry_of(const archive::FileTree& files, const archive::FileEntry& entry);

/// A path that is not the same before and after; also every directory of an added package, for it may have
/// been taken away or be in another package's place. Borrows from the heads.
struct PathChange {
    std::string path;
    PackageEntry before;     // as the database has it
    PackageEntry after;      // as it is wanted
    std::size_t source = 0;  // index in Request::add of the package that brings `after`
    std::size_t index = 0;   // of `after` in that package's table
};

struct Changes {
    std::vector<PackageChange> packages;  // sorted by name
    std::vector<PathChange> paths;        // sorted by path: a directory stands before what is in it
    Database result;                      // its transaction number is one higher
};

/// Packages that a wanted one replaces are removed with it. Throws UsageError naming
///  - the package, when one that should be removed is not installed, or a name is wanted twice,
///  - both packages, when they claim one path (or give one directory two owners or modes),
///  - the package and the relation, when something it depends on would not be there, or conflicts with it.
Changes plan_changes(const Database& database, std::span<const package::VerifiedHead> installed,
                     const Request& request);

}  // namespace cairn::rootfs
