#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace cairn::status {

/// What the supervisor and the services themselves say.
struct ServiceState {
    std::size_t count = 0;          // that should run; 0 when nobody supervises (yet)
    std::vector<std::string> down;  // those that do not run or are not ready, sorted
    bool have_all_been_up = false;  // false: the machine is still starting
    friend bool operator==(const ServiceState&, const ServiceState&) = default;
};

/// Looks at each service in /run/service below `root`; all that is known here of the supervisor (runit's, see
/// recipes/cairn-services). A service is up when it runs and its `check`, if it has one, exits 0 within a
/// second. What cannot be read counts as down.
ServiceState read_services(const std::filesystem::path& root = "/");

}  // namespace cairn::status
