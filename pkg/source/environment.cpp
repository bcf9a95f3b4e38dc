#include "pkg/source/environment.h"

#include "pkg/base/error.h"
#include "pkg/base/process.h"

namespace cairn::source {

void Environment::tell(const DownloadProgress& progress) {
    if (!on_progress) return;
    const std::lock_guard lock(telling);
    on_progress(progress);
}

void Environment::note(const std::string& line) {
    if (!on_note) return;
    const std::lock_guard lock(telling);
    on_note(line);
}

void Environment::require_going_on() const {
    if (stop != nullptr && *stop)
        throw CommandError("interrupted: the next run goes on from what is whole", 130);
}

void read_settings_of_process(Environment& environment) {
    environment.mirror = find_environment("CAIRN_SOURCE_MIRROR");
    environment.follows_pins = find_environment("CAIRN_FOLLOW_PINS") == "1";
}

}  // namespace cairn::source
