#include "initfs/init/first_process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <format>
#include <thread>

#include "images/layout/paths.h"
#include "initfs/init/boot.h"
#include "initfs/init/boot_report.h"
#include "initfs/init/clock.h"
#include "initfs/init/command_line.h"
#include "initfs/init/drivers.h"
#include "initfs/init/mounts.h"
#include "initfs/init/new_root.h"
#include "initfs/init/prepare_disk.h"
#include "initfs/init/root_disk.h"
#include "installer/disks/machine_name.h"
#include "installer/slots/loader_choices.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::init {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto time_to_read_a_failure = 20s;
constexpr const char* watchdog_note = "run/cairn/watchdog";

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

void begin_event(Boot& boot, const BootParameters& parameters) {
    boot.loader = slots::read_loader_report();
    boot.event.boot = trim(read_file("/proc/sys/kernel/random/boot_id"));
    boot.event.root_hash = parameters.root_hash.to_text();
    boot.event.boot_file = boot.loader.boot_file;
}

RootDisk find_disk(Boot& boot, const BootParameters& parameters) {
    Drivers drivers([&](std::string_view text) { boot.say(text); });
    RootDisk disk = wait_for_root(parameters, boot.loader.partition, [&] {
        drivers.load_for_new_devices();
        arm_watchdog(boot);  // its driver may have come just now
        boot.watchdog.feed();
    });
    boot.event.slot = layout::to_text(disk.slot.slot);
    return disk;
}

std::uint64_t read_peak_memory() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

void write_notes(const Boot& boot, const BootReport& report) {
    const fs::path root = new_root;
    make_directories(root / "run/cairn");
    replace_file(root / layout::paths::boot_report.substr(1), format_boot_report(report));
    if (boot.watchdog.is_armed()) replace_file(root / watchdog_note, boot.watchdog.node() + "\n");
}

/// Where no slot holds the root, its tree may be damaged: the disk that the loader started from still has
/// boot files and a record.
RootDisk find_disk_or_leave(Boot& boot, const BootParameters& parameters) {
    try {
        return find_disk(boot, parameters);
    } catch (const RootNotFound& error) {
        const auto disk = find_loader_disk(boot.loader.partition);
        if (disk && disk->table.find_partition(layout::Part::data) != nullptr) {
            prepare_disk(boot, *disk);
            leave_without_root(boot, *disk, error.report());
        }
        throw;
    }
}

Release open_root(Boot& boot, const RootDisk& disk, const BootParameters& parameters,
                  const TrialPlan& trial) {
    const auto on_corruption = trial.is_on_trial ? disks::OnCorruption::panic : disks::OnCorruption::report;
    try {
        mount_verified_root(disk, parameters.root_hash, on_corruption);
        boot.say(std::format("root: slot {} of {}, verified by {}", layout::to_text(disk.slot.slot),
                             disk.node.node.string(), parameters.root_hash.to_text()));
        return read_release(new_root);
    } catch (const Error& error) {
        leave_without_root(boot, disk, error.report());
        throw;
    }
}

void put_data_into_root(Boot& boot, const DataState& data) {
    if (!data.is_usable()) return mount_memory_instead_of_data();
    move_data_to_new_root();
    boot.record = fs::path(new_root) / "var" / boot_record_file;
}

void correct_clock(const Boot& boot, const Release& release) {
    const auto build_time = find_utc_time(release.build_time);
    if (build_time && set_clock_not_before(*build_time))
        boot.say(std::format("the clock was wrong; it begins at {}", release.build_time));
}

[[noreturn]] void start_system(Boot& boot) {
    mount_kernel_file_systems();
    prepare_for_children();
    boot.consoles = Consoles::open();
    arm_watchdog(boot);

    const BootParameters parameters = parse_command_line(read_file("/proc/cmdline"));
    for (const std::string& word : parameters.refused)
        boot.say(std::format("refused on the command line, the first one counts: {}", word));
    begin_event(boot, parameters);
    for (const std::string& name : slots::remove_loader_choices())
        boot.say(std::format("removed the EFI variable {}, which would choose for the boot files", name));

    const RootDisk disk = find_disk_or_leave(boot, parameters);
    const auto [data, trial] = prepare_disk(boot, disk);
    const Release release = open_root(boot, disk, parameters, trial);
    correct_clock(boot, release);
    mount_memory_file_systems();
    put_data_into_root(boot, data);
    fill_etc(new_root);
    const std::string machine = disks::read_machine_name();
    write_notes(boot, {release, parameters.root_hash, machine, disk.node.node, disk.slot.slot, trial, data,
                       read_peak_memory()});
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
    restart();
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
