#include "pkg/sandbox/watcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <format>

#include "pkg/base/error.h"
#include "pkg/sandbox/tree_walk.h"

namespace cairn::sandbox {

namespace {

using namespace std::chrono_literals;

constexpr auto tick = 100ms;
// Measuring walks the whole build directory: at most this share of the time goes into it.
constexpr int measure_share = 30;
constexpr auto shortest_interval = 2s;

struct FileSystem {
    std::uint64_t used;
    std::uint64_t available;  // to ordinary users
};

FileSystem read_file_system(const std::filesystem::path& path) {
    struct statvfs status{};
    if (::statvfs(path.c_str(), &status) != 0)
        throw SystemError(std::format("cannot read the file system of '{}'", path.string()));
    return {(status.f_blocks - status.f_bfree) * status.f_frsize, status.f_bavail * status.f_frsize};
}

}  // namespace

Watcher::Watcher(const SandboxSpec& spec, int process, Fd output, const std::atomic<bool>& stop)
    : spec_(spec), process_(process), output_(std::move(output)), stop_(stop) {
    if (output_.is_open()) log_ = open_file(spec.log, O_WRONLY | O_CREAT | O_APPEND);
}

EndReason Watcher::watch() {
    EndReason reason = EndReason::finished;
    while (!wait_a_little()) {
        if (reason != EndReason::finished) continue;
        reason = find_reason();
        if (reason != EndReason::finished) ::syscall(SYS_pidfd_send_signal, process_, SIGKILL, nullptr, 0);
    }
    while (copy_output()) {
    }
    return reason;
}

bool Watcher::wait_a_little() {
    std::array<struct pollfd, 2> events{{{process_, POLLIN, 0}, {output_.get(), POLLIN, 0}}};
    const auto end = Clock::now() + tick;
    do {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
        if (::poll(events.data(), events.size(), static_cast<int>(std::max(left, 0ms).count())) < 0 &&
            errno != EINTR)
            throw SystemError("cannot wait for the sandbox");
        if (events[0].revents != 0) return true;
        if (events[1].revents != 0 && !copy_output()) events[1].fd = -1;
    } while (Clock::now() < end);
    return false;
}

// False when there is nothing to read for now.
bool Watcher::copy_output() {
    std::array<std::uint8_t, 1 << 16> buffer;
    if (!output_.is_open()) return false;
    const ssize_t count = ::read(output_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) return false;
    write_all(log_.get(), std::span(buffer).first(static_cast<std::size_t>(count)), spec_.log.string());
    log_bytes_ += static_cast<std::uint64_t>(count);
    return true;
}

EndReason Watcher::find_reason() {
    if (stop_) return EndReason::interrupted;
    if (spec_.limits.wall_time && Clock::now() - start_ > *spec_.limits.wall_time)
        return EndReason::time_limit;
    if (read_file_system(spec_.build_directory).available < spec_.limits.reserve_bytes)
        return EndReason::disk_reserve;
    if (is_over_disk_limit()) return EndReason::disk_limit;
    return EndReason::finished;
}

bool Watcher::is_over_disk_limit() {
    const std::uint64_t limit = spec_.limits.disk_bytes;
    // What the whole file system grew by is the most that this build can have grown by, as long as nobody
    // freed anything meanwhile: it calls for a look earlier, the clock for one at all events.
    const std::uint64_t used = read_file_system(spec_.build_directory).used;
    const std::uint64_t growth = used > used_then_ ? used - used_then_ : 0;
    if (Clock::now() < next_measure_ && last_size_ + growth + log_bytes_ <= limit) return false;
    measure();
    return last_size_ + log_bytes_ > limit;
}

void Watcher::measure() {
    const auto start = Clock::now();
    used_then_ = read_file_system(spec_.build_directory).used;
    last_size_ = measure_tree(spec_.build_directory, spec_.limits.disk_bytes);
    peak_disk_ = std::max(peak_disk_, last_size_ + log_bytes_);
    next_measure_ =
        Clock::now() + std::max<Clock::duration>(shortest_interval, (Clock::now() - start) * measure_share);
}

}  // namespace cairn::sandbox
