#pragma once

#include <optional>
#include <string>
#include <vector>

#include "installer/settings/values.h"

namespace cairn::settings {

/// One value that differs. Secrets stand in it as "(secret)".
struct Difference {
    std::string path;  // of the innermost value that differs: `network.interfaces.lan0.mtu`
    std::optional<Json> before;
    std::optional<Json> after;
    bool operator==(const Difference&) const = default;
};

/// What differs between two documents that people have set, in the order of the paths. Defaults count as not
/// set, and so do groups without settings.
std::vector<Difference> find_differences(const Json& before, const Json& after, const Schema& schema);

/// The paths of the settings whose effective values differ: what services and templates have to know.
std::vector<std::string> find_changed_settings(const Values& before, const Values& after,
                                               const Schema& schema);

}  // namespace cairn::settings
