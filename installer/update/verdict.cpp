#include "installer/update/verdict.h"

#include <format>

#include "installer/api/errors.h"
#include "installer/disks/reset_request.h"
#include "installer/slots/deny_list.h"
#include "pkg/base/error.h"

namespace cairn::update {

namespace {

bool is_known_good(const Device& device) {
    const auto esp = device.machine.open_esp(Access::read_only);
    return slots::find_known_good(esp->boot_files().list(), device.running.image).has_value();
}

std::optional<slots::FailedTrial> find_failed(const Device& device) {
    const auto esp = device.machine.open_esp(Access::read_only);
    return slots::find_failed_trial(esp->boot_files().list(), slots::read_boot_record(device.record),
                                    device.running.image);
}

slots::BootEvent make_event(const Device& device, slots::BootEventKind kind, const std::string& message) {
    return {.boot = device.boot,
            .time = device.clock(),
            .kind = kind,
            .root_hash = device.running.root_hash.to_hex(),
            .slot = std::string(layout::to_text(device.running.slot)),
            .message = message};
}

}  // namespace

void note_reached(const Device& device) {
    slots::append_boot_event(device.record, make_event(device, slots::BootEventKind::reached, {}));
}

void confirm_boot(const Device& device) {
    // A boot file that stays as it is needs no file system that can be written.
    const Access access = is_known_good(device) ? Access::read_only : Access::read_write;
    const auto esp = device.machine.open_esp(access);
    slots::confirm(device.boot_state(esp->boot_files()), device.running.image,
                   device.running.root_hash.to_hex());
    esp->close();
}

AfterFailure fail_boot(const Device& device, const std::string& cause) {
    slots::append_boot_event(device.record, make_event(device, slots::BootEventKind::failure, cause));
    const bool is_on_trial = device.running.tries && !is_known_good(device);
    return is_on_trial ? AfterFailure::restarts : AfterFailure::goes_on;
}

std::optional<slots::Fallback> judge_trial(const Device& device,
                                           const std::optional<std::string>& older_failure) {
    const auto failed = find_failed(device);
    if (!failed) return std::nullopt;
    if (!is_known_good(device))
        throw api::Conflict(std::format("cannot judge '{}': the running version is not known to be good",
                                        slots::to_text(failed->image)));
    const slots::Fallback fallback = slots::plan_fallback(*failed, older_failure);
    const auto esp = device.machine.open_esp(Access::read_write);
    slots::apply_fallback(device.boot_state(esp->boot_files()), *failed, fallback);
    esp->close();
    return fallback;
}

void ask_for_new_data(const Device& device) {
    const layout::Guid disk = device.machine.read_disk_id();
    const auto esp = device.machine.open_esp(Access::read_write);
    disks::request_reset(Dir::open(esp->top()), disk);
    esp->close();
}

void clear_denied(const Device& device, const std::string& version) {
    slots::DenyList list = slots::DenyList::read(device.deny_list);
    if (!list.clear({.name = device.running.image.name, .version = version}))
        throw api::NotFound(std::format("version '{}' is not on the deny list", version));
    list.write(device.deny_list);
}

}  // namespace cairn::update
