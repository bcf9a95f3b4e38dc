#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>

#include "pkg/base/fd.h"
#include "pkg/sandbox/sandbox.h"

/// The outer side while the command runs: writes the log and ends the sandbox at a limit.
namespace cairn::sandbox {

class Watcher {
  public:
    /// `process`: descriptor of the sandbox's process 1. `output`: where the command's output is read, or
    /// closed.
    Watcher(const SandboxSpec& spec, int process, Fd output, const std::atomic<bool>& stop);

    /// Returns when process 1 is dead and all output is in the log. Says why it ended.
    EndReason watch();

    /// The highest measured size of build directory and log so far.
    std::uint64_t peak_disk() const { return peak_disk_; }
    std::uint64_t log_bytes() const { return log_bytes_; }

  private:
    using Clock = std::chrono::steady_clock;

    /// True when process 1 has ended.
    bool wait_a_little();
    bool copy_output();
    EndReason find_reason();
    bool is_over_disk_limit();
    void measure();

    const SandboxSpec& spec_;
    int process_;
    Fd output_;
    Fd log_;
    const std::atomic<bool>& stop_;
    Clock::time_point start_ = Clock::now();

    std::uint64_t log_bytes_ = 0;
    std::uint64_t last_size_ = 0;  // of the build directory, when it was last measured
    std::uint64_t used_then_ = 0;  // on its whole file system, at that time
    std::uint64_t peak_disk_ = 0;
    Clock::time_point next_measure_ = start_;
};

}  // namespace cairn::sandbox
