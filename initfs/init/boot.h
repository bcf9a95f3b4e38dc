#pragma once

#include <filesystem>
#include <format>
#include <string>
#include <string_view>

#include "initfs/init/consoles.h"
#include "initfs/init/esp.h"
#include "initfs/init/watchdog.h"
#include "installer/slots/boot_record.h"
#include "installer/slots/loader_report.h"

namespace cairn::init {

/// On the data partition.
inline constexpr const char* boot_record_file = "lib/cairn/boots";

/// What the steps share, and all that the failure handler has to work with.
struct Boot {
    Consoles consoles;
    Watchdog watchdog;
    std::filesystem::path record = {};  // empty until data is mounted
    slots::BootEvent event = {};
    slots::LoaderReport loader = {};
    EspLook esp = {};  // nothing until the disk is found, or when it cannot be read

    void say(std::string_view text) const { consoles.say(std::format("cairn: {}", text)); }
};

/// Adds a line about this boot to the record, if there is data to keep it on. A record that cannot be written
/// (a full disk) is said and does not stop the boot.
void record(Boot& boot, slots::BootEventKind kind, const std::string& message);

/// Lets go of the data partition and restarts the machine.
[[noreturn]] void restart() noexcept;

}  // namespace cairn::init
