#pragma once

#include <string>
#include <vector>

#include "installer/status/machine_state.h"

namespace cairn::status {

/// The status screen as lines of plain text, none longer than `width` columns.
std::vector<std::string> format_screen(const MachineState& state, std::size_t width = 80);

/// The bytes that draw `lines` over what a terminal (VT100 and later) shows.
std::string draw(const std::vector<std::string>& lines);

}  // namespace cairn::status
