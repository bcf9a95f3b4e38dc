#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <exception>
#include <print>
#include <string>

#include "images/layout/boot_report.h"
#include "images/layout/paths.h"
#include "installer/disks/disk_list.h"
#include "installer/stick/disk_events.h"
#include "installer/stick/system_mounter.h"
#include "installer/stick/watch.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/stop_signals.h"
#include "pkg/base/text.h"

namespace {

using namespace cairn;

// Made from the setting 'updates.allow_usb', which restarts this program when it changes.
constexpr const char* permission = "/etc/cairn/usb-stick";
constexpr int quiet_milliseconds = 300;  // a disk and its partitions are told of one by one
constexpr int most_pauses = 10;          // but a stick that comes and goes all the time holds nothing up

/// What stands on a stick gets into messages.
void say(const std::string& line) {
    std::println("{}", to_one_line(line));
    std::fflush(stdout);
}

/// From here on there is no network, and of root's rights only the one to mount. The mounts stay those of the
/// machine: others are to see the stick.
void give_up_rights() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw SystemError("cannot give up gaining rights");
    if (::unshare(CLONE_NEWNET | CLONE_NEWIPC) != 0) throw SystemError("cannot leave the machine's network");
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> kept{};
    kept[0].effective = kept[0].permitted = 1U << CAP_SYS_ADMIN;
    if (::syscall(SYS_capset, &header, kept.data()) != 0) throw SystemError("cannot give up capabilities");
}

bool is_allowed() {
    return trim(find_file(permission).value_or("")) == "true";
}

std::filesystem::path read_system_disk() {
    const std::filesystem::path report(layout::paths::boot_report);
    const Json found = read_json(report);
    if (!found.is_object() || !found.contains(layout::boot_report::disk) ||
        !found[layout::boot_report::disk].is_string())
        throw Error(std::format("'{}' does not name the disk that the system runs from", report.string()));
    return found[layout::boot_report::disk].get<std::string>();
}

/// False when the process is to end, true when there are other disks than before.
bool wait_for_news(stick::DiskEvents& events, int stop) {
    bool has_news = false;
    for (int pauses = 0; pauses < most_pauses;) {
        std::array<pollfd, 2> waiting = {
            {{.fd = stop, .events = POLLIN}, {.fd = events.fd(), .events = POLLIN}}};
        const int ready = ::poll(waiting.data(), waiting.size(), has_news ? quiet_milliseconds : -1);
        if (ready < 0 && errno != EINTR) throw SystemError("cannot wait for disks");
        if (waiting[0].revents != 0) return false;
        if (ready == 0) return true;
        if (events.take()) has_news = true;
        if (has_news) ++pauses;
    }
    return true;
}

void look(stick::Watch& watch) {
    try {
        watch.look(disks::read_disks());
    } catch (const std::exception& error) {
        say(std::format("cannot look at the disks: {}", error.what()));  // one went meanwhile: it is told of
    }
}

int run() {
    const Fd stop = open_stop_signals();
    const std::filesystem::path system_disk = read_system_disk();
    give_up_rights();
    stick::SystemMounter mounter;
    if (!is_allowed()) {
        say("no stick is used: the setting 'updates.allow_usb' is off");
        pollfd waiting = {.fd = stop.get(), .events = POLLIN};
        while (::poll(&waiting, 1, -1) < 0 && errno == EINTR);
        return 0;
    }
    stick::DiskEvents events;  // before the first look: what comes in between is told
    stick::Watch watch(mounter, system_disk, say);
    say("waiting for sticks");
    do look(watch);
    while (wait_for_news(events, stop.get()));
    watch.end();
    return 0;
}

}  // namespace

/// cairn-stick: mounts the repository on a USB stick, where the settings let it, until it is pulled.
int main() {
    try {
        return run();
    } catch (const Error& error) {
        std::println(stderr, "error: {}", error.report());
    } catch (const std::exception& error) {
        std::println(stderr, "error: {}", error.what());
    }
    return 1;
}
