#include "initfs/init/prepare_disk.h"

#include <chrono>
#include <ctime>
#include <format>

#include "initfs/init/mounts.h"
#include "installer/slots/trial_steps.h"
#include "pkg/base/error.h"

namespace cairn::init {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_disk_step = 10min;  // making or repairing a large file system

void look_at_esp_and_say(Boot& boot, const RootDisk& disk) {
    try {
        boot.esp = look_at_esp(disk);
    } catch (const Error& error) {
        boot.say(std::format("the boot files cannot be looked at: {}", error.report()));
    }
}

DataState open_data_and_say(Boot& boot, const RootDisk& disk) {
    boot.watchdog.allow(longest_disk_step);
    const DataWish wish = boot.esp.wants_new_data ? DataWish::make_anew : DataWish::keep;
    DataState data = open_data(disk, wish, [&](std::string_view text) { boot.say(text); });
    boot.watchdog.allow(Watchdog::usual_time);
    if (data.is_usable())
        boot.say(std::format("data: {} ({})", data.device, to_text(data.kind)));
    else
        boot.say(std::format("DEGRADED: no data partition, nothing will be kept: {}", data.error));
    return data;
}

std::vector<slots::BootEvent> read_record_and_say(const Boot& boot) {
    try {
        return slots::read_boot_record(boot.record);
    } catch (const Error& error) {
        boot.say(std::format("the boot record cannot be read: {}", error.report()));
        return {};
    }
}

BootFacts gather_facts(const Boot& boot) {
    return {.loader = boot.loader,
            .files = boot.esp.files,
            .record = read_record_and_say(boot),
            .boot = boot.event.boot,
            .root_hash = boot.event.root_hash};
}

/// Changes the boot files as the plan says; a plan that leaves this version ends in a restart.
void carry_out(Boot& boot, const RootDisk& disk, const TrialPlan& plan) {
    if (!plan.needs_writing()) return;
    {
        const MountedEsp esp(disk, MountedEsp::Access::read_write);
        slots::BootFiles files = esp.boot_files();
        const slots::BootState state = {.files = files,
                                        .record = boot.record,
                                        .deny_list = {},  // judged by the version that comes up instead
                                        .boot = boot.event.boot,
                                        .time = std::time(nullptr)};
        slots::apply_try(state, plan.file->image, plan.step);
        if (plan.reason_to_leave && boot.record.empty())
            files.remove(plan.file->image);
        else if (plan.reason_to_leave)
            slots::give_up(state, plan.file->image, boot.event.root_hash, *plan.reason_to_leave);
    }
    if (!plan.leaves()) return;
    boot.say(std::format("this version is given up: {}", plan.reason_to_leave.value_or("no tries are left")));
    restart();
}

/// A boot file that cannot be changed is said and does not stop the boot.
void try_to_carry_out(Boot& boot, const RootDisk& disk, const TrialPlan& plan) {
    try {
        carry_out(boot, disk, plan);
    } catch (const Error& error) {
        boot.say(std::format("the boot files cannot be changed: {}", error.report()));
    }
}

/// The rules of trial and fallback, before the root is touched.
TrialPlan follow_trial_rules(Boot& boot, const RootDisk& disk) {
    const TrialPlan plan = plan_trial(gather_facts(boot));
    if (const auto tries = plan.tries())
        boot.say(std::format("{} is on trial: {} tries left", slots::to_text(plan.file->image), tries->left));
    try_to_carry_out(boot, disk, plan);
    return plan;
}

}  // namespace

PreparedDisk prepare_disk(Boot& boot, const RootDisk& disk) {
    look_at_esp_and_say(boot, disk);
    DataState data = open_data_and_say(boot, disk);
    if (data.is_usable()) boot.record = std::filesystem::path(data_place) / boot_record_file;
    record(boot, slots::BootEventKind::attempt, {});
    return {std::move(data), follow_trial_rules(boot, disk)};
}

void leave_without_root(Boot& boot, const RootDisk& disk, const std::string& failure) {
    try_to_carry_out(boot, disk, plan_trial(gather_facts(boot), failure));
}

}  // namespace cairn::init
