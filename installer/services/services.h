#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "installer/services/crashes.h"

/// The services of the running system: what the supervisor (runit's, see recipes/cairn-services) and the
/// services themselves say, read anew each time. What is missing or garbled is no error here.
namespace cairn::services {

enum class ServiceState {
    up,        // runs, and its `check`, if it has one, held when it was last asked
    starting,  // runs, its check does not hold (yet)
    down,      // was told to be down, or nobody supervises it (yet)
    failed,    // ended without being told to, and waits to be started again
};
/// "up", "starting", "down" or "failed"
std::string_view to_text(ServiceState state);

struct Service {
    std::string name;
    ServiceState state = ServiceState::down;
    bool may_end = false;                    // it is of no account whether it is up: a login
    std::optional<int> pid = {};             // of a running one
    std::optional<std::int64_t> since = {};  // started or ended then; seconds since 1970
    std::size_t restarts = 0;                // in this boot, without being told to
    std::size_t recent_restarts = 0;         // of those, in the last ten minutes
    std::optional<Ending> last_exit = {};    // in this boot
    std::vector<Crash> crashes = {};         // all that are kept, also of earlier boots, oldest first
    friend bool operator==(const Service&, const Service&) = default;
};

struct ServiceList {
    std::vector<Service> services;  // sorted by name; empty when nobody supervises (yet)
    bool have_all_been_up = false;  // false: the machine is still starting
    friend bool operator==(const ServiceList&, const ServiceList&) = default;
};
/// Names of those that are not up.
std::vector<std::string> names_not_up(const ServiceList& list);

/// A service that restarts so often within ten minutes does not recover by itself.
inline constexpr std::size_t many_restarts = 5;

/// Looks at each service in /run/service below `root`. Runs nothing and needs no rights: the service
/// `readiness` asks their checks.
ServiceList read_services(const std::filesystem::path& root = "/");

/// The newest lines of a service's log, whole ones, `most_bytes` together at most. Empty when it wrote
/// nothing, or the log cannot be read.
std::string read_log_end(const std::filesystem::path& root, std::string_view service, std::size_t lines,
                         std::size_t most_bytes = 4096);

}  // namespace cairn::services
