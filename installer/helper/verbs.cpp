#include "installer/helper/verbs.h"

#include <algorithm>
#include <exception>
#include <format>
#include <optional>

#include "installer/api/errors.h"
#include "installer/helper/arguments.h"
#include "installer/helper/state.h"
#include "installer/settings/formats.h"
#include "installer/update/activate.h"
#include "installer/update/prepare.h"
#include "installer/update/verdict.h"
#include "pkg/base/error.h"

namespace cairn::helper {

namespace {

constexpr std::size_t longest_version = 64;
constexpr std::size_t longest_name = 64;
constexpr std::size_t longest_cause = 4096;

Json to_json(const update::FillResult& result) {
    return {{"blocks_kept", result.blocks_kept},       {"blocks_zero", result.blocks_zero},
            {"blocks_copied", result.blocks_copied},   {"blocks_fetched", result.blocks_fetched},
            {"nodes_kept", result.nodes_kept},         {"nodes_fetched", result.nodes_fetched},
            {"bytes_fetched", result.bytes_fetched()}, {"requests", result.requests}};
}

std::string name_of(const Json& request) {
    const auto found = request.find("do");
    if (found == request.end() || !found->is_string()) throw UsageError("the request has no verb");
    return found->get<std::string>();
}

}  // namespace

const Verbs::Entry Verbs::entries[] = {
    {"state", &Verbs::state, Locks::nothing},
    {"prepare", &Verbs::prepare, Locks::update},
    {"activate", &Verbs::activate, Locks::update},
    {"deactivate", &Verbs::deactivate, Locks::update},
    {"rollback", &Verbs::rollback, Locks::update},
    {"reboot", &Verbs::reboot, Locks::nothing},
    {"clear_denied", &Verbs::clear_denied, Locks::update},
    {"reached", &Verbs::reached, Locks::nothing},
    {"confirm", &Verbs::confirm, Locks::update},
    {"fail_boot", &Verbs::fail_boot, Locks::nothing},
    {"judge", &Verbs::judge, Locks::update},
    {"apply_settings", &Verbs::apply_settings, Locks::nothing},
    {"reset_data", &Verbs::reset_data, Locks::update},
    {"restart_service", &Verbs::restart_service, Locks::nothing},
};

Json Verbs::serve(const Json& request, Session& session) {
    const std::string name = name_of(request);
    const auto* const entry =
        std::ranges::find_if(entries, [&](const Entry& one) { return name == one.name; });
    if (entry == std::end(entries)) throw UsageError(std::format("there is no verb '{}'", name));
    std::unique_lock lock(update_, std::defer_lock);
    if (entry->locks == Locks::update && !lock.try_lock())
        throw api::Busy("another step of an update is under way");
    return with_context(std::format("serving '{}'", name),
                        [&] { return (this->*entry->verb)(request, session); });
}

Json Verbs::state(const Json& request, Session&) {
    Arguments(request, {});
    return describe_state(powers_.device);
}

Json Verbs::prepare(const Json& request, Session& session) {
    const std::string version = Arguments(request, {"version"}).text("version", longest_version);
    powers_.say(std::format("preparing version {}", version));
    return to_json(update::prepare_update(powers_.device, version, session.fetch(),
                                          [&](const update::PrepareProgress& progress) {
                                              session.report(progress.step, progress.done, progress.total);
                                          }));
}

Json Verbs::activate(const Json& request, Session&) {
    Arguments(request, {});
    const slots::ImageVersion image = update::activate_update(
        powers_.device, [this](const std::filesystem::path& root) { try_settings_of(root); });
    powers_.say(std::format("'{}' is tried at the next boot", slots::to_text(image)));
    return Json::object();
}

/// The migration's dry run: what is set must be something that the newer version can start with. A version
/// whose settings are described in a way that this one cannot read is left to its trial.
void Verbs::try_settings_of(const std::filesystem::path& root) {
    std::optional<settings::ImageSettings> newer;
    try {
        newer = settings::read_image_settings(settings::Places::below(root).image);
    } catch (const UsageError& error) {
        powers_.say(std::format("the settings cannot be tried before the reboot: {}", error.report()));
        return;
    }
    const std::scoped_lock lock(settings_);
    try {
        settings::try_settings(powers_.settings.places, *newer);
    } catch (const Error& error) {
        throw api::Conflict("cannot activate: what is set on this device cannot be taken along")
            .detail("why", error.report())
            .hint("change these settings, then activate again");
    }
}

Json Verbs::deactivate(const Json& request, Session&) {
    Arguments(request, {});
    update::deactivate_update(powers_.device);
    return Json::object();
}

Json Verbs::rollback(const Json& request, Session&) {
    Arguments(request, {});
    const slots::RollbackPlan plan = update::roll_back(powers_.device);
    take_settings_back(plan.returns_to.version);
    restart(std::format("rolled back from '{}' to '{}'", slots::to_text(plan.leaves),
                        slots::to_text(plan.returns_to)));
    return Json::object();
}

/// Only this version knows how. The way back is decided by now: where this fails, the older version goes on
/// with the settings that it left.
void Verbs::take_settings_back(const std::string& version) {
    const settings::Places& places = powers_.settings.places;
    const std::scoped_lock lock(settings_);
    try {
        settings::migrate_back(places, settings::read_image_settings(places.image), version,
                               powers_.device.clock());
    } catch (const Error& error) {
        powers_.say(
            std::format("version {} goes on with the settings that it left: {}", version, error.report()));
    }
}

Json Verbs::reboot(const Json& request, Session&) {
    restart(Arguments(request, {"reason"}).text("reason", longest_cause));
    return Json::object();
}

Json Verbs::clear_denied(const Json& request, Session&) {
    update::clear_denied(powers_.device, Arguments(request, {"version"}).text("version", longest_version));
    return Json::object();
}

Json Verbs::reached(const Json& request, Session&) {
    Arguments(request, {});
    update::note_reached(powers_.device);
    return Json::object();
}

Json Verbs::confirm(const Json& request, Session&) {
    Arguments(request, {});
    update::confirm_boot(powers_.device);
    powers_.say(std::format("'{}' is good", slots::to_text(powers_.device.running.image)));
    return Json::object();
}

Json Verbs::fail_boot(const Json& request, Session&) {
    const std::string cause = Arguments(request, {"cause"}).text("cause", longest_cause);
    const bool reboots = update::fail_boot(powers_.device, cause) == update::AfterFailure::restarts;
    powers_.say(std::format("this boot failed: {}", cause));
    if (reboots) restart("the version on trial is not good");
    return {{"reboots", reboots}};
}

Json Verbs::judge(const Json& request, Session&) {
    const auto failure = Arguments(request, {"failure"}).text_or_null("failure", longest_cause);
    const auto fallback = update::judge_trial(powers_.device, failure);
    if (!fallback) return Json::object();
    powers_.say(std::format("fell back: {}", fallback->cause));
    return {{"ban", to_text(fallback->ban)}, {"cause", fallback->cause}};
}

Json Verbs::apply_settings(const Json& request, Session&) {
    settings::ApplyRequest apply = powers_.settings;
    apply.occasion = settings::Occasion::change;
    apply.values = Arguments(request, {"values"}).object_or_null("values");
    const std::scoped_lock lock(settings_);
    const settings::ApplyResult result = settings::apply_settings(apply);
    return {{"files", result.files}, {"services", restart_services(result.services)}};
}

/// Those that this image has. The settings are in effect whatever becomes of one of them: each is tried.
std::vector<std::string> Verbs::restart_services(const std::vector<std::string>& names) {
    std::vector<std::string> restarted;
    std::exception_ptr failure;
    for (const std::string& name : names) {
        try {
            powers_.restart_service(name);
            restarted.push_back(name);
        } catch (const api::NotFound&) {
        } catch (const Error&) {
            if (!failure) failure = std::current_exception();
        }
    }
    if (failure) std::rethrow_exception(failure);
    return restarted;
}

Json Verbs::restart_service(const Json& request, Session&) {
    const std::string name = Arguments(request, {"name"}).text("name", longest_name);
    powers_.restart_service(name);
    powers_.say(std::format("service '{}' was restarted", name));
    return Json::object();
}

Json Verbs::reset_data(const Json& request, Session&) {
    Arguments(request, {});
    update::ask_for_new_data(powers_.device);
    restart("the data partition is made anew, as was asked for");
    return Json::object();
}

void Verbs::restart(const std::string& reason) {
    powers_.say(std::format("the machine restarts: {}", reason));
    powers_.device.machine.restart(reason);
}

}  // namespace cairn::helper
