#include "initfs/init/first_process.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <format>
#include <optional>
#include <thread>

#include "images/layout/paths.h"
#include "initfs/init/boot_report.h"
#include "initfs/init/command_line.h"
#include "initfs/init/consoles.h"
#include "initfs/init/data.h"
#include "initfs/init/drivers.h"
#include "initfs/init/mounts.h"
#include "initfs/init/new_root.h"
#include "initfs/init/root_disk.h"
#include "initfs/init/watchdog.h"
#include "installer/disks/machine_name.h"
#include "installer/slots/boot_record.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::init {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto time_to_read_a_failure = 20s;
constexpr auto longest_disk_step = 10min;  // making or repairing a large file system
constexpr const char* boot_record = "lib/cairn/boots";
constexpr const char* watchdog_note = "run/cairn/watchdog";

/// What the steps share, and all that the failure handler has to work with.
struct Boot {
    Consoles consoles;
    Watchdog watchdog;
    fs::path record = {};  // empty until data is mounted
    slots::BootEvent event = {};

    void say(std::string_view text) const { consoles.say(std::format("cairn: {}", text)); }
};

/// Children and libraries expect descriptors 0 to 2 and a PATH.
void prepare_for_children() {
    setenv("PATH", "/usr/bin:/usr/sbin", 1);
    const int console = open("/dev/console", O_RDWR | O_NOCTTY);
    if (console < 0) return;
    for (int fd = 0; fd <= 2; ++fd) dup2(console, fd);
    if (console > 2) close(console);
}

void arm_watchdog(Boot& boot) {
    if (boot.watchdog.is_armed()) return;
    auto watchdog = Watchdog::find();
    if (!watchdog) return;
    boot.watchdog = std::move(*watchdog);
    boot.say(std::format("watchdog armed: {}", boot.watchdog.identity()));
}

void begin_event(Boot& boot, const BootParameters& parameters, const slots::LoaderReport& loader) {
    boot.event.boot = trim(read_file("/proc/sys/kernel/random/boot_id"));
    boot.event.root_hash = parameters.root_hash.to_text();
    boot.event.boot_file = loader.boot_file;
}

RootDisk find_disk(Boot& boot, const BootParameters& parameters, const slots::LoaderReport& loader) {
    Drivers drivers([&](std::string_view text) { boot.say(text); });
    RootDisk disk = wait_for_root(parameters, loader.partition, [&] {
        drivers.load_for_new_devices();
        arm_watchdog(boot);  // its driver may have come just now
        boot.watchdog.feed();
    });
    boot.event.slot = layout::to_text(disk.slot.slot);
    return disk;
}

DataState open_data_and_say(Boot& boot, const RootDisk& disk) {
    boot.watchdog.allow(longest_disk_step);
    DataState data = open_data(disk, [&](std::string_view text) { boot.say(text); });
    boot.watchdog.allow(Watchdog::usual_time);
    if (data.is_usable())
        boot.say(std::format("data: {} ({})", data.device, to_text(data.kind)));
    else
        boot.say(std::format("DEGRADED: no data partition, nothing will be kept: {}", data.error));
    return data;
}

void record(Boot& boot, slots::BootEventKind kind, const std::string& message) {
    if (boot.record.empty()) return;
    boot.event.kind = kind;
    boot.event.time = std::time(nullptr);
    boot.event.message = message;
    make_directories(boot.record.parent_path());
    slots::append_boot_event(boot.record, boot.event);
}

void write_notes(const Boot& boot, const BootReport& report) {
    const fs::path root = new_root;
    make_directories(root / "run/cairn");
    replace_file(root / layout::paths::boot_report.substr(1), format_boot_report(report));
    if (boot.watchdog.is_armed()) replace_file(root / watchdog_note, boot.watchdog.node() + "\n");
}

[[noreturn]] void start_system(Boot& boot) {
    mount_kernel_file_systems();
    prepare_for_children();
    boot.consoles = Consoles::open();
    arm_watchdog(boot);

    const BootParameters parameters = parse_command_line(read_file("/proc/cmdline"));
    for (const std::string& word : parameters.refused)
        boot.say(std::format("refused on the command line, the first one counts: {}", word));
    const slots::LoaderReport loader = slots::read_loader_report();
    begin_event(boot, parameters, loader);

    const RootDisk disk = find_disk(boot, parameters, loader);
    const DataState data = open_data_and_say(boot, disk);
    if (data.is_usable()) boot.record = fs::path(data_place) / boot_record;
    // From here on a boot that goes wrong leaves a trace.
    record(boot, slots::BootEventKind::attempt, {});

    const auto on_corruption = loader.counter ? disks::OnCorruption::panic : disks::OnCorruption::report;
    mount_verified_root(disk, parameters.root_hash, on_corruption);
    boot.say(std::format("root: slot {} of {}, verified by {}", layout::to_text(disk.slot.slot),
                         disk.node.node.string(), parameters.root_hash.to_text()));
    const Release release = read_release(new_root);

    mount_memory_file_systems();
    if (data.is_usable()) {
        move_data_to_new_root();
        boot.record = fs::path(new_root) / "var" / boot_record;
    } else {
        mount_memory_instead_of_data();
    }
    fill_etc(new_root);
    const std::string machine = disks::read_machine_name();
    write_notes(boot, {release, parameters.root_hash, machine, disk.node.node,
                       layout::to_text(disk.table.disk), disk.slot.slot, loader, data});
    boot.consoles.say(std::format("cairn {} on {}", release.version, machine));
    boot.watchdog.feed();
    hand_over();
}

/// Nothing in here may throw: there is nobody left to catch it.
[[noreturn]] void give_up(Boot& boot, const std::string& report) noexcept {
    const auto try_to = [](auto&& step) {
        try {
            step();
        } catch (...) {
        }
    };
    try_to([&] { boot.say("this boot FAILED: " + report); });
    try_to([&] { record(boot, slots::BootEventKind::failure, report); });
    try_to([&] { boot.say(std::format("restarting in {} seconds", time_to_read_a_failure.count())); });
    sync();
    for (auto left = time_to_read_a_failure; left > 0s; left -= 1s) {
        boot.watchdog.feed();
        try_to([] { std::this_thread::sleep_for(1s); });
    }
    umount(data_place);
    sync();
    reboot(RB_AUTOBOOT);
    while (true) pause();  // the watchdog, no longer fed, does what the kernel would not
}

}  // namespace

void run_first_process() {
    Boot boot;
    try {
        start_system(boot);
    } catch (const Error& error) {
        give_up(boot, error.report());
    } catch (const std::exception& error) {
        give_up(boot, error.what());
    }
}

}  // namespace cairn::init
