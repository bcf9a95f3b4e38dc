#include "installer/helper/state.h"

#include "installer/slots/deny_list.h"
#include "installer/update/look.h"

namespace cairn::helper {

namespace {

constexpr std::size_t most_boots = 20;

Json to_json(const slots::ImageVersion& image) {
    return {{"name", image.name}, {"version", image.version}};
}

/// What the file's name says now; init may have renamed it since the loader told.
Json describe_running(const update::RunningSystem& running, const update::DeviceLook& look) {
    const auto trial = slots::find_on_trial(look.files, running.image);
    Json json = to_json(running.image);
    json["architecture"] = layout::to_text(running.architecture);
    json["root_hash"] = running.root_hash.to_hex();
    json["slot"] = layout::to_text(running.slot);
    json["is_good"] = look.state.is_running_good;
    json["on_trial"] = !look.state.is_running_good && (trial || running.tries);
    json["tries_left"] = trial           ? Json(trial->counter->left)
                         : running.tries ? Json(running.tries->left)
                                         : Json();
    return json;
}

Json describe_other(const update::RunningSystem& running, const update::OtherVersion& other) {
    Json json = to_json(other.image);
    json["root_hash"] = other.root_hash.to_hex();
    json["slot"] = layout::to_text(running.idle_slot());
    json["is_good"] = other.is_good;
    return json;
}

Json describe_denied(const slots::DenyList& list) {
    Json json = Json::array();
    for (const slots::DeniedVersion& version : list.versions())
        json.push_back({{"name", version.image.name},
                        {"version", version.image.version},
                        {"ban", helper::to_text(version.ban)},
                        {"cause", version.cause},
                        {"time", version.time}});
    return json;
}

Json describe_boots(const std::vector<slots::BootEvent>& record) {
    Json json = Json::array();
    const std::size_t first = record.size() > most_boots ? record.size() - most_boots : 0;
    for (std::size_t index = first; index < record.size(); ++index)
        json.push_back(slots::to_json(record[index]));
    return json;
}

Json describe_trial(const std::optional<slots::FailedTrial>& trial) {
    if (!trial) return {};
    Json json = to_json(trial->image);
    json["tries"] = trial->tries;
    json["attempts"] = trial->attempts;
    json["last_failure"] = trial->last_failure;
    return json;
}

}  // namespace

std::string_view to_text(slots::Ban ban) {
    return ban == slots::Ban::denied ? "denied" : "held";
}

Json describe_state(const update::Device& device) {
    const update::DeviceLook look = [&] {
        const auto esp = device.machine.open_esp(update::Access::read_only);
        return update::look_at_device(device, esp->boot_files());
    }();
    const auto record = slots::read_boot_record(device.record);
    return {
        {"running", describe_running(device.running, look)},
        {"step", to_text(look.state.step)},
        {"image", look.state.image ? to_json(*look.state.image) : Json()},
        {"other", look.other ? describe_other(device.running, *look.other) : Json()},
        {"denied", describe_denied(slots::DenyList::read(device.deny_list))},
        {"boots", describe_boots(record)},
        {"failed_trial", describe_trial(slots::find_failed_trial(look.files, record, device.running.image))}};
}

}  // namespace cairn::helper
