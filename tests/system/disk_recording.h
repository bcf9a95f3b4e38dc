#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "pkg/base/fd.h"
#include "tests/system/running_machine.h"
#include "tests/system/write_log.h"

namespace cairn::system_test {

/// All that machines did to one disk, from a start that is kept: by them, their firmware and their loader.
/// The disks that power cuts in between leave are made from it: what was done up to the cut, done again to a
/// copy of the start; the newest write only in part where the cut tore it, and without the writes that
/// nothing had flushed yet where it lost them.
class DiskRecording {
  public:
    struct Start {
        std::filesystem::path image;  // the folder of the disk as it was before
        layout::Architecture architecture = layout::Architecture::x86_64;
        std::uint64_t disk_size = 0;
    };
    /// `logs` as RunningMachine::write_logs gives them; they may be removed once this is made.
    DiskRecording(Start start, std::span<const std::filesystem::path> logs);

    const std::vector<DiskEvent>& events() const { return events_; }
    /// Where each start of QEMU begins: the index of its first event.
    const std::vector<std::size_t>& starts() const { return starts_; }

    /// Does event `index` to a disk; of a write only the first `bytes`.
    void apply(const std::filesystem::path& disk, std::size_t index, std::uint64_t bytes = UINT64_MAX) const;
    /// A machine whose power failed after `count` events, all of which are on its disk, and `torn_bytes` of
    /// the next.
    MachineFolder make_folder(std::size_t count, std::uint64_t torn_bytes = 0) const;

  private:
    const Fd& log_of(std::size_t index) const;

    Start start_;
    std::vector<Fd> logs_;
    std::vector<std::size_t> starts_;  // as many as logs
    std::vector<DiskEvent> events_;
};

}  // namespace cairn::system_test
