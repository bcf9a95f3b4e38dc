#include "installer/services/supervisor.h"

#include <cstddef>

namespace cairn::services {

namespace {

// Seconds as TAI64 and nanoseconds, both with the highest byte first; the process id with the lowest first;
// then a byte each: paused, wanted ('u' or 'd'), told to end, what runs.
constexpr std::size_t seconds_at = 0;
constexpr std::size_t pid_at = 12;
constexpr std::size_t want_at = 17;
constexpr std::size_t process_at = 19;
constexpr std::size_t length = 20;
constexpr std::uint64_t tai64_of_1970 = 0x400000000000000aULL;

std::uint64_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::optional<SupervisorStatus> find_supervisor_status(std::string_view bytes) {
    if (bytes.size() != length || byte_at(bytes, process_at) > 2) return std::nullopt;
    SupervisorStatus status;
    status.process = static_cast<SupervisorStatus::Process>(byte_at(bytes, process_at));
    status.is_wanted = bytes[want_at] == 'u';
    std::uint64_t seconds = 0;
    for (std::size_t index = 0; index < 8; ++index)
        seconds = seconds << 8 | byte_at(bytes, seconds_at + index);
    status.since = static_cast<std::int64_t>(seconds - tai64_of_1970);
    std::uint64_t pid = 0;
    for (std::size_t index = 4; index-- > 0;) pid = pid << 8 | byte_at(bytes, pid_at + index);
    status.pid = static_cast<int>(pid);
    return status;
}

}  // namespace cairn::services
