#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "installer/status/machine_state.h"

namespace cairn::status {

struct ScreenSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// One line of the screen, plain ASCII, no longer than the screen is wide.
struct Line {
    enum class Kind {
        steady,  // changes when something happened
        moving,  // changes all the time: clock, memory, room
    };
    std::string text;
    Kind kind = Kind::steady;
    friend bool operator==(const Line&, const Line&) = default;
};

/// The status screen. It fits: one row stays free below, for the question that a key asks. What may be
/// longest, the network, comes last and is cut.
std::vector<Line> format_screen(const MachineState& state, ScreenSize size = {});

/// The bytes that turn the screen `shown` into `lines` on a terminal (VT100 and later): only lines that
/// differ are sent, because on a serial line every byte is seen, and logged by somebody. With nothing shown
/// yet, all is drawn. Empty when nothing changed. The cursor ends below the last line.
std::string draw(const std::vector<Line>& shown, const std::vector<Line>& lines);

/// The same for what cannot move its cursor: the steady lines that `shown` did not have, one below the other.
std::string list_changes(const std::vector<Line>& shown, const std::vector<Line>& lines);

}  // namespace cairn::status
