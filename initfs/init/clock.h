#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cairn::init {

/// Seconds since 1970 of "2026-11-20T00:00:00Z". Empty for every other form.
std::optional<std::int64_t> find_utc_time(std::string_view text);

/// Sets the clock to when the image was built, if it shows less: no right clock can. True when it was set.
bool set_clock_not_before(std::int64_t build_time);

}  // namespace cairn::init
