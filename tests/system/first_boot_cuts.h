#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "tests/system/running_machine.h"
#include "tests/system/write_log.h"

namespace cairn::system_test {

/// All that a first boot does to its disk, recorded once, and the disks that power cuts in between leave.
class FirstBootCuts {
  public:
    /// Boots a fresh copy of the development image until all services are up, then pulls the plug.
    FirstBootCuts();

    const std::vector<DiskEvent>& events() const { return events_; }
    /// Events that write a partition table: into the first or the last MiB of the disk.
    std::vector<std::size_t> find_table_writes() const;

    /// The disk as the image has it.
    void reset(MachineFolder& folder) const;
    /// Does event `index` to a disk; of a write only the first `bytes`.
    void apply(const std::filesystem::path& disk, std::size_t index, std::uint64_t bytes = UINT64_MAX) const;
    /// A machine whose power failed after `count` events.
    MachineFolder make_folder(std::size_t count) const;

  private:
    MachineFolder recorded_;
    std::vector<DiskEvent> events_;
};

}  // namespace cairn::system_test
