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

std::chrono::milliseconds Environment::download_time() const {
    const std::lock_guard lock(counting);
    auto time = downloading;
    if (running_downloads > 0) time += std::chrono::steady_clock::now() - downloading_since;
    return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

Environment::RunningDownload::RunningDownload(Environment& environment) : environment_(environment) {
    const std::lock_guard lock(environment_.counting);
    if (environment_.running_downloads++ == 0)
        environment_.downloading_since = std::chrono::steady_clock::now();
}

Environment::RunningDownload::~RunningDownload() {
    const std::lock_guard lock(environment_.counting);
    if (--environment_.running_downloads == 0)
        environment_.downloading += std::chrono::steady_clock::now() - environment_.downloading_since;
}

void read_settings_of_process(Environment& environment) {
    environment.mirror = find_environment("CAIRN_SOURCE_MIRROR");
    environment.follows_pins = find_environment("CAIRN_FOLLOW_PINS") == "1";
}

}  // namespace cairn::source
