#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <exception>
#include <print>
#include <string>
#include <string_view>

#include "images/layout/paths.h"
#include "installer/firstboot/prepare.h"
#include "installer/helper/server.h"
#include "installer/helper/supervisor.h"
#include "installer/helper/verbs.h"
#include "installer/update/disk_machine.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/stop_signals.h"
#include "pkg/base/text.h"

/// cairn-helper: the program on the device that may change disks, the ESP, /etc and services. It has no
/// network of its own and believes nothing that is asked of it.
namespace cairn::helper {
namespace {

constexpr gid_t cairn_group = 200;  // images/users.toml
constexpr const char* private_folder = "/run/cairn/helper";

/// Text may come from clients: one line, no more than fits on a few, and nothing that moves a cursor.
void say(std::string text) {
    constexpr std::size_t longest = 1000;
    text.resize(std::min(text.size(), longest));
    std::println("{}", to_one_line(text));
    std::fflush(stdout);
}

/// From here on neither this process nor its children reach a network, gain rights from a program's file, or
/// show others what they mount.
void shut_in() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw SystemError("cannot give up gaining rights");
    if (::unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC) != 0)
        throw SystemError("cannot leave network and mounts of the machine");
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        throw SystemError("cannot keep mounts to this process");
    // In here a stick (installer/stick) would stay in use after it was pulled.
    ::umount2(std::string(layout::paths::stick_repository).c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

/// Once, before any service: what all of them rely on.
int prepare() {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
        throw SystemError("cannot keep mounts to this process");
    const update::RunningSystem running = update::read_running_system();
    update::DiskMachine machine(running.disk, private_folder);
    const auto report =
        firstboot::prepare_device({.daemon = firstboot::Owner{},
                                   .data = running.has_data ? firstboot::Data::kept : firstboot::Data::lost,
                                   .with_esp =
                                       [&](const auto& work) {
                                           const auto esp = machine.open_esp(update::Access::read_write);
                                           work(esp->top());
                                           esp->close();
                                       },
                                   .now = std::time(nullptr)});
    for (const std::string& line : report.lines) say("cairn: " + line);
    return 0;
}

int serve() {
    const Fd stop = open_stop_signals();
    shut_in();
    const update::RunningSystem running = update::read_running_system();
    update::DiskMachine machine(running.disk, private_folder);
    Verbs verbs({.device = {.machine = machine,
                            .running = running,
                            .boot = std::string(trim(read_file("/proc/sys/kernel/random/boot_id"))),
                            .clock = [] { return tuf::Time{std::time(nullptr)}; }},
                 .settings = {.group = cairn_group},
                 .restart_service = [](const std::string& name) { restart_service(name); },
                 .say = say});
    Server server({.group = cairn_group, .say = say},
                  [&](const Json& request, Session& session) { return verbs.serve(request, session); });
    say("ready");
    server.run(stop.get());
    return 0;
}

}  // namespace
}  // namespace cairn::helper

int main(int count, char** arguments) {
    try {
        if (count == 1) return cairn::helper::serve();
        if (count == 2 && std::string_view(arguments[1]) == "--prepare") return cairn::helper::prepare();
        std::println(stderr, "error: '{}' is no argument of cairn-helper", arguments[1]);
        return 2;
    } catch (const cairn::Error& error) {
        std::println(stderr, "error: {}", error.report());
    } catch (const std::exception& error) {
        std::println(stderr, "error: {}", error.what());
    }
    return 1;
}
