#pragma once

#include <string_view>

#include "pkg/base/fd.h"

namespace cairn::stick {

/// Whether a message of the kernel ("add@/devices/…", then NAME=VALUE, each ended by NUL) tells of a disk or
/// a partition.
bool is_about_disks(std::string_view message);

/// What the kernel tells of disks that come and go.
class DiskEvents {
  public:
    /// Told of is what happens from here on.
    DiskEvents();

    /// Can be read from when something was told.
    int fd() const { return socket_.get(); }
    /// Takes all that waits; true when any of it is about disks, or some of it is lost.
    bool take();

  private:
    Fd socket_;
};

}  // namespace cairn::stick
