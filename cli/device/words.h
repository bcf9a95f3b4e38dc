#pragma once

#include <cstdint>
#include <string>

#include "pkg/base/json.h"

/// Small texts that several commands print.
namespace cairn::device {

/// "2026-11-21 01:21 UTC"; "never" for 0.
std::string format_time(std::int64_t seconds);
/// A value of the settings as people read it: text without quotes, all else as JSON; "(not set)" for null.
std::string format_value(const Json& value);
/// "[########------------]  40 %  12.3 MB of 30.1 MB"; without a total only what is done.
std::string format_bar(std::uint64_t done, std::uint64_t total);
/// "1 service", "3 services".
std::string format_count(std::size_t count, const std::string& thing);

}  // namespace cairn::device
