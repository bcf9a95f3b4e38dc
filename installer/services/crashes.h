#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Crash records: how services ended that nobody had told to end, and the last lines of their logs. Written
/// by `record-crash` (recipes/cairn-services) when it happened, kept across boots and versions; FORMAT.md.
namespace cairn::services {

/// How a process ended.
struct Ending {
    int code = 0;    // exit code; meaningless after a signal
    int signal = 0;  // 0: it exited
    friend bool operator==(const Ending&, const Ending&) = default;
};
/// "exit code 1", "signal 11 (SIGSEGV)"
std::string to_text(const Ending& ending);

struct Crash {
    std::string service;
    std::string boot;          // the kernel's random id of that boot
    std::int64_t time = 0;     // seconds since 1970 by the machine's clock
    std::uint64_t uptime = 0;  // seconds since that boot began
    Ending ending = {};
    std::string log = {};  // its last lines
    friend bool operator==(const Crash&, const Crash&) = default;
};

/// Empty for everything that FORMAT.md does not allow.
std::optional<Crash> find_crash(std::string_view text);

/// All records that can be read, oldest first. No directory: none.
std::vector<Crash> read_crashes(const std::filesystem::path& directory);

}  // namespace cairn::services
