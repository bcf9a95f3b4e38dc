#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::assemble {

/// What package linux says about its driver groups (usr/lib/cairn/boot/drivers.json).
struct DriverGroup {
    bool is_for_boot = false;           // the initfs needs it: the way to the root leads over these
    std::vector<std::string> modules;   // relative to the modules' folder, with all that they need
    std::vector<std::string> firmware;  // globs relative to usr/lib/firmware
    friend bool operator==(const DriverGroup&, const DriverGroup&) = default;
};

struct BootDrivers {
    std::string release;  // of the kernel: its modules lie in usr/lib/modules/<release>
    std::map<std::string, DriverGroup> groups;
    friend bool operator==(const BootDrivers&, const BootDrivers&) = default;
};

/// Throws Error for a text of another form.
BootDrivers parse_boot_drivers(std::string_view text);

}  // namespace cairn::assemble
