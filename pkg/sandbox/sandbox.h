#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/sandbox/host_packages.h"

/// Runs one command shut in: it sees the system it was given and nothing else of the machine, has no network,
/// and leaves no process behind. No root and no container engine is needed.
///
/// Inside: user and group 1000 without rights, host name `cairn`, umask 022, `/usr` of the host with only the
/// base tools and the declared ones in `/usr/bin`, development files hidden except those of declared
/// packages, everything read-only but `/build` and `/tmp`. README.md says how, and what holds as root and as
/// an ordinary user.
namespace cairn::sandbox {

/// A file or directory of the host (an absolute path) that is seen inside, read-only with all below it.
struct ReadOnlyMount {
    std::filesystem::path host;
    std::string
        inside;  // absolute, and not below a folder that the sandbox fills itself (/usr, /etc, /build …)

    bool operator==(const ReadOnlyMount&) const = default;
};

struct Limits {
    unsigned processes = 4096;                               // processes and threads that live at one time
    std::uint64_t disk_bytes = std::uint64_t{12} << 30;      // of the build directory and the log
    std::uint64_t temporary_bytes = std::uint64_t{1} << 30;  // of /tmp, which lives in memory
    std::uint64_t reserve_bytes = std::uint64_t{256}
                                  << 20;  // what stays free on the build directory's file system
    std::optional<std::chrono::milliseconds> wall_time = {};
};

/// `log`: input is empty, output goes to the log. `terminal`: the caller's own, for a person at a shell.
enum class Streams { log, terminal };

struct SandboxSpec {
    std::vector<std::string> arguments;     // [0] is looked up inside, in the environment's PATH
    std::vector<std::string> environment;   // "NAME=value", the complete list
    std::string directory = "/build";       // inside
    std::filesystem::path build_directory;  // of the host, becomes the writable /build; must exist
    std::vector<ReadOnlyMount> mounts = {};
    std::vector<std::string> tools = {};   // commands beyond the base set
    std::vector<std::string> debian = {};  // Debian packages whose development files come back
    std::vector<int> inherited = {};       // descriptors kept open under their numbers (make's job server)
    Streams streams = Streams::log;
    std::filesystem::path log = {};  // appended to; not used with Streams::terminal
    Limits limits = {};
};

enum class EndReason { finished, disk_limit, disk_reserve, time_limit, interrupted };
/// "disk limit reached" and so on, for messages.
std::string_view to_text(EndReason reason);

struct SandboxResult {
    int status = 0;  // exit code, or 128 + signal number
    EndReason reason = EndReason::finished;
    std::uint64_t peak_disk = 0;            // highest measured size of the build directory and the log
    std::chrono::milliseconds cpu_time{0};  // user and system time of all processes
    std::chrono::milliseconds wall_time{0};
    std::uint64_t max_resident = 0;  // bytes, of the largest single process
};

/// Runs the command to its end, or ends it at a limit or when `stop` becomes true; afterwards no process of
/// it is left, and everything in the build directory belongs to the caller, is readable for its owner and has
/// no set-user-id or set-group-id bit. Throws UsageError for a tool or package that is not there, and Error
/// when the sandbox cannot be set up or the command not started; what the command itself returns is a result.
/// May be called from several threads at once. If the calling thread dies, the sandbox dies with it.
SandboxResult run_in_sandbox(const SandboxSpec& spec, HostPackages& packages, const std::atomic<bool>& stop);

}  // namespace cairn::sandbox
