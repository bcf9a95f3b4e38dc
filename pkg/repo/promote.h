#pragma once

#include <string>
#include <vector>

#include "pkg/repo/publish.h"

namespace cairn::repo {

/// Where a package is listed: under which name, by which role.
struct PackagePlace {
    std::string target;
    std::string role;
};

/// In `channel`, "packages" being the one that every repository has. Throws UsageError when there is no such
/// channel, or when it may not list such a name.
PackagePlace place_in(Repository& repository, const std::string& channel, const std::string& architecture,
                      const std::string& file);

/// Throws UsageError when any channel has this file name with other content: one name and version is one
/// content in the whole repository.
void check_same_everywhere(Repository& repository, const std::string& architecture, const std::string& file,
                           const std::string& sha256);

/// Packages that go from one channel to another as they are, by file name; '*' and '?' match.
struct PromoteRequest {
    std::string from;
    std::string to;
    std::vector<std::string> names;
    bool is_move = false;  // `from` lists them no longer
};
PublishPlan plan_promotion(Repository& repository, const PromoteRequest& request);

}  // namespace cairn::repo
