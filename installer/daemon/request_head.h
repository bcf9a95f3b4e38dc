#pragma once

#include <cstddef>
#include <string_view>

namespace cairn::daemon {

/// How far the head of a request (request line and headers, up to the empty line) is there.
struct HeadScan {
    enum class State { partial, whole, malformed };
    State state = State::partial;
    std::size_t size = 0;  // of the whole head, with its empty line
};

/// Looks at what came so far. Stricter than most: lines end with CR LF, no control bytes, no continued lines,
/// no space around header names, at most 100 headers; so what the library reads of it can be read in one way
/// only.
HeadScan scan_head(std::string_view received);

}  // namespace cairn::daemon
