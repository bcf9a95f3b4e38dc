#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pkg/package/place_entries.h"
#include "pkg/rootfs/changes.h"
#include "pkg/rootfs/findings.h"
#include "pkg/rootfs/journal.h"

/// The second half of planning: the steps that make the wanted root out of what was found. Pure.
namespace cairn::rootfs {

/// All that a transaction is going to do. Borrows the heads of the request.
struct Plan {
    Changes changes;
    Journal journal;
    std::vector<package::Places> places;  // below the work directory, for each package of Request::add
    std::vector<std::string> kept;        // locally changed paths that are left as they are
    std::uint64_t content_size = 0;       // bytes of the files that will be written

    bool is_empty() const { return changes.packages.empty(); }
};

/// `findings` are those of `changes.paths`. `state_device` is the file system of the database, which moves
/// cannot leave. Throws UsageError naming
///  - paths that no package has and that stand where a package's have to be,
///  - a path that is on another file system.
Plan make_plan(Changes changes, std::span<const package::VerifiedHead* const> added,
               std::span<const Finding> findings, std::uint64_t state_device, package::Owners owners);

/// For people: a line for each package and each kept path, and how many files change.
std::string describe(const Plan& plan);

}  // namespace cairn::rootfs
