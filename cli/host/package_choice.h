#pragma once

#include <string>
#include <vector>

#include "pkg/package/reader.h"
#include "pkg/rootfs/managed_root.h"
#include "pkg/solve/universe.h"

/// Which packages of a folder a root gets for what is asked: from names to open packages.
namespace cairn::host {

/// What a root is to get and lose, whole: nothing that it needs is missing.
struct Change {
    std::vector<package::PackageReader> add;
    std::vector<std::string> remove;
    std::vector<std::string> kept;  // what was to be upgraded and stays, with reasons: for people
};

struct ChoiceOptions {
    std::string folder;        // searched for .cpkg files, also below; empty: nothing is available
    std::string architecture;  // the root's; empty: that of its packages, or this machine's
    std::string key_file;      // see allowed_package_keys
    bool allows_downgrade = false;
};

/// Throws the solver's explanation when there is no way, UsageError when a version would get lower and that
/// is not allowed. Writes nothing.
Change choose_change(const rootfs::ManagedRoot& root, const solve::Job& job, const ChoiceOptions& options);

}  // namespace cairn::host
