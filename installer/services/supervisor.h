#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What runit's `runsv` writes about a service into supervise/status; its layout is known here only.
namespace cairn::services {

struct SupervisorStatus {
    enum class Process {
        none,
        running,
        ended,  // its `finish` runs, after which it starts again
    } process = Process::none;
    bool is_wanted = false;  // false: it was told to be down
    int pid = 0;             // of the process, or of its `finish`; 0: none
    std::int64_t since = 0;  // when it was started, or ended; seconds since 1970 by the clock of that moment
    friend bool operator==(const SupervisorStatus&, const SupervisorStatus&) = default;
};

/// Empty unless these are the 20 bytes that it writes.
std::optional<SupervisorStatus> find_supervisor_status(std::string_view bytes);

}  // namespace cairn::services
