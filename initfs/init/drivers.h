#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "installer/disks/modules.h"

namespace cairn::init {

/// Drivers from the initfs for the devices that are there. Those of the root are loaded later, by a service.
class Drivers {
  public:
    /// Reads the module index of the running kernel; `say` is told of modules that the kernel refuses.
    explicit Drivers(std::function<void(std::string_view)> say);

    /// Loads the drivers of devices that appeared since the last call. Loading one may make more devices
    /// appear, so it goes on until nothing is new.
    void load_for_new_devices();

  private:
    void load(const std::string& module);

    std::function<void(std::string_view)> say_;
    std::filesystem::path directory_;
    disks::ModuleIndex index_;
    std::set<std::string> seen_aliases_;
    std::set<std::string> tried_files_;
};

}  // namespace cairn::init
