#include "initfs/init/boot.h"

#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <ctime>

#include "initfs/init/mounts.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::init {

void record(Boot& boot, slots::BootEventKind kind, const std::string& message) {
    if (boot.record.empty()) return;
    boot.event.kind = kind;
    boot.event.time = std::time(nullptr);
    boot.event.message = message;
    try {
        make_directories(boot.record.parent_path());
        slots::append_boot_event(boot.record, boot.event);
    } catch (const Error& error) {
        boot.say(std::format("the boot record cannot be written: {}", error.report()));
    }
}

void restart() noexcept {
    umount(data_place);
    sync();
    reboot(RB_AUTOBOOT);
    while (true) pause();  // the watchdog, no longer fed, does what the kernel would not
}

}  // namespace cairn::init
