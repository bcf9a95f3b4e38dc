#pragma once

#include <string>

#include "installer/stick/choice.h"

namespace cairn::stick {

/// The power over what is mounted. `SystemMounter` is the real one.
class Mounter {
  public:
    virtual ~Mounter() = default;
    /// Mounts the repository on a place, where none is mounted yet, and gives the folder of the stick that it
    /// lies in ("": its top). When it throws, which says why this place is not used, nothing is mounted.
    virtual std::string mount(const Place& place) = 0;
    /// Also of a stick that is gone already. Nothing mounted is fine.
    virtual void unmount() = 0;
};

}  // namespace cairn::stick
