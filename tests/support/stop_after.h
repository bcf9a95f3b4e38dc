#pragma once

#include <cstddef>
#include <functional>

namespace cairn::testing {

/// How a process ended that was to be stopped.
struct Stopped {
    bool was_stopped = false;  // else `body` came to its end first
    bool has_failed = false;   // `body` threw
    std::size_t steps = 0;     // calls that changed the file system until then
};

/// Runs `body` in a process of its own and kills it right after the `after`-th system call, of all its
/// threads together, that has changed a file system: made, wrote, moved, removed or synced something. What it
/// has done until then stays; nothing else gets a chance to tidy up. With 0 it is only counted. The system
/// calls are watched with ptrace(2), so the code under test knows nothing of it.
Stopped run_and_stop_after(std::size_t after, const std::function<void()>& body);

}  // namespace cairn::testing
