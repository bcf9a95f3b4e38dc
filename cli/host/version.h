#pragma once

namespace cairn::host {

inline constexpr const char* version = "cairn 0.1.0";

}  // namespace cairn::host
