#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>

namespace cairn::host {

/// Watches what this process and all its descendants use while a job runs, for the figures at its end.
class ResourceMonitor {
  public:
    /// `directory`: where the job writes; what its file system loses meanwhile is what the job took.
    explicit ResourceMonitor(std::filesystem::path directory);
    ~ResourceMonitor();

    /// Highest sum of resident memory of all processes of the job, sampled twice a second, in bytes.
    std::uint64_t peak_memory() const { return peak_memory_; }
    /// How much less free space there was at the lowest point, in bytes.
    std::uint64_t peak_disk() const { return peak_disk_; }

  private:
    void watch();
    void sample();

    std::filesystem::path directory_;
    std::uint64_t free_at_start_ = 0;
    std::atomic<std::uint64_t> peak_memory_ = 0;
    std::atomic<std::uint64_t> peak_disk_ = 0;
    std::atomic<bool> is_over_ = false;
    std::thread thread_;
};

}  // namespace cairn::host
