#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// The logs that the services' loggers keep (svlogd's): /var/log/<service>/current, and older files named
/// `@<stamp>.s` or `@<stamp>.u`.
namespace cairn::daemon {

/// Services with logs, sorted.
std::vector<std::string> find_logged_services(const std::filesystem::path& root);

/// A service's log files, oldest first.
std::vector<std::filesystem::path> find_log_files(const std::filesystem::path& root,
                                                  const std::string& service);

/// The last lines, each with its time as "2026-11-20T12:00:00.12345Z". At most 4 MiB. Throws api::NotFound
/// for a service that has no log.
std::string read_last_lines(const std::filesystem::path& root, const std::string& service, std::size_t lines);

/// A line whose stamp, in either of the logger's two forms (`@<TAI64N>` and `2026-11-20_12:00:00.12345`), has
/// become one in ISO 8601. Other lines stay as they are.
std::string format_log_line(std::string_view line);

}  // namespace cairn::daemon
