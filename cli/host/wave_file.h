#pragma once

#include <filesystem>
#include <vector>

#include "pkg/repo/updates_file.h"

namespace cairn::host {

/// Reads a file of waves: how much of the fleet may take a version how long after `now`.
///
///     [[wave]]
///     after = "4h"     # m, h or d; 0h: at once
///     percent = 5      # of all devices, from then on
///
/// Throws UsageError with file, line and column.
std::vector<repo::Wave> read_waves(const std::filesystem::path& file, tuf::Time now);

}  // namespace cairn::host
