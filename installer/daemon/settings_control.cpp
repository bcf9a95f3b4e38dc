#include "installer/daemon/settings_control.h"

#include <algorithm>
#include <filesystem>
#include <format>
#include <print>

#include "installer/api/errors.h"
#include "installer/daemon/device_files.h"
#include "installer/settings/difference.h"
#include "installer/settings/files.h"
#include "pkg/base/files.h"

namespace cairn::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view hidden = "(secret)";

Json to_json(const SettingsTry& tried) {
    return {{"tx", tried.tx},
            {"seconds", tried.seconds},
            {"ends", tried.ends},
            {"until", tried.until},
            {"values", tried.values}};
}

std::optional<SettingsTry> find_kept_try(const fs::path& file) {
    const Json kept = read_object(file);
    if (!kept.contains("values") || !kept["values"].is_object()) return std::nullopt;
    return SettingsTry{.tx = text_of(kept, "tx"),
                       .seconds = number_of(kept, "seconds"),
                       .ends = number_of(kept, "ends"),
                       .until = number_of(kept, "until"),
                       .values = kept["values"]};
}

std::vector<std::string> read_names(const Json& result, const char* name) {
    std::vector<std::string> names;
    if (const auto list = result.find(name); list != result.end() && list->is_array())
        for (const Json& item : *list)
            if (item.is_string()) names.push_back(item.get<std::string>());
    return names;
}

void find_hidden(const Json& value, const std::string& path, std::vector<settings::Violation>& found) {
    if (value.is_string() && value.get_ref<const std::string&>() == hidden)
        found.push_back({.path = path,
                         .value = std::string(hidden),
                         .why = "is what is shown in the place of a secret",
                         .allowed = "the secret itself, or nothing of it"});
    if (value.is_object())
        for (const auto& [name, inner] : value.items())
            find_hidden(inner, settings::format_step(path, name), found);
    if (value.is_array())
        for (std::size_t index = 0; index < value.size(); ++index)
            find_hidden(value[index], std::format("{}[{}]", path, index), found);
}

}  // namespace

SettingsControl::SettingsControl(Device device, settings::Store& store, settings::Transactions& transactions,
                                 const settings::Schema& schema, std::vector<settings::Template> templates,
                                 fs::path run)
    : device_(std::move(device)),
      store_(store),
      transactions_(transactions),
      schema_(schema),
      templates_(std::move(templates)),
      try_file_(std::move(run) / "settings-try.json"),
      try_(find_kept_try(try_file_)) {}

Json SettingsControl::show(Which which, const std::vector<std::string>& paths) const {
    const Json set = store_.read_current();
    const Json all = settings::without_secrets(which == Which::set ? set : effective_of(set), schema_);
    if (paths.empty()) return all;
    Json shown = Json::object();
    for (const std::string& path : paths) {
        if (schema_.find(path) == nullptr && !schema_.is_group(path))
            throw UsageError(std::format("there is no setting '{}'", path))
                .hint("GET /settings/schema lists all settings");
        if (path.empty()) return all;
        if (const Json* value = settings::find_value(all, path)) settings::set_value(shown, path, *value);
    }
    return shown;
}

Json SettingsControl::effective() const {
    const std::optional<SettingsTry> tried = find_try();
    return effective_of(tried ? tried->values : store_.read_current());
}

/// What an older version has stored and this one does not allow: the boot has applied defaults.
Json SettingsControl::effective_of(const Json& set) const {
    for (const Json& document : {set, Json(Json::object())})
        if (settings::find_violations(document, schema_).empty())
            return settings::verify_values(document, schema_).effective();
    return Json::object();
}

void SettingsControl::patch(const std::string& tx, const Json& patch) {
    std::vector<settings::Violation> found;
    find_hidden(patch, "", found);
    if (!found.empty()) throw settings::InvalidSettings(std::move(found));
    if (const auto tried = find_try(); tried && tried->tx == tx)
        throw api::Conflict(std::format("transaction '{}' is being tried", tx))
            .hint("confirm or drop it, or use another name");
    transactions_.patch(tx, patch);
}

SettingsControl::Outcome SettingsControl::preview(const std::string& tx) const {
    Outcome outcome = {.preview = transactions_.preview(tx)};
    if (!outcome.preview.violations.empty()) return outcome;
    try {
        const Json before = effective();
        outcome.services =
            settings::plan_files(templates_, &before, transactions_.verify(tx).effective()).services;
    } catch (const UsageError& error) {  // a value that a template cannot write
        outcome.preview.violations.push_back(
            {.path = "", .value = "", .why = error.message(), .allowed = ""});
    }
    return outcome;
}

void SettingsControl::drop(const std::string& tx) {
    if (const auto tried = find_try(); tried && tried->tx == tx) {
        const std::unique_lock lock = begin_change();
        if (find_try()) end_try("it was dropped");
    }
    transactions_.drop(tx);
}

std::uint64_t SettingsControl::commit(const std::string& tx, const std::string& who) {
    const std::unique_lock lock = begin_change();
    refuse_during_try();
    return transactions_.commit(tx, make_change(who, std::format("transaction '{}'", tx)));
}

Applied SettingsControl::apply() {
    const std::unique_lock lock = begin_change();
    refuse_during_try();
    const Json before = effective();
    Applied applied = apply_values(Json());
    applied.version = store_.current();
    announce(before);
    return applied;
}

Applied SettingsControl::commit_and_apply(const std::string& tx, const std::string& who) {
    const std::unique_lock lock = begin_change();
    refuse_during_try();
    const Json before = effective();
    const settings::Values values = transactions_.verify(tx);
    // Power may fail between the two: nothing was committed, and the boot applies what holds.
    Applied applied = apply_values(values.document());
    applied.version = keep_applied(
        [&] { return transactions_.commit(tx, make_change(who, std::format("transaction '{}'", tx))); });
    announce(before);
    return applied;
}

Applied SettingsControl::try_values(const std::string& tx, std::int64_t seconds) {
    const std::unique_lock lock = begin_change();
    refuse_during_try();
    const Json before = effective();
    const settings::Values values = transactions_.verify(tx);
    // Kept before it is applied: a daemon that stops in between takes it back.
    keep_try(SettingsTry{.tx = tx,
                         .seconds = seconds,
                         .ends = device_.clock.since_boot() + seconds,
                         .until = device_.clock.now() + seconds,
                         .values = values.document()});
    try {
        Applied applied = apply_values(values.document());
        applied.tried = find_try();
        announce(before);
        return applied;
    } catch (...) {
        keep_try(std::nullopt);
        throw;
    }
}

std::uint64_t SettingsControl::confirm(const std::string& who) {
    const std::unique_lock lock = begin_change();
    const std::optional<SettingsTry> tried = find_try();
    if (!tried)
        throw api::Conflict("nothing is being tried").hint("a try whose time is up has gone back by itself");
    const std::uint64_t version = store_.commit(settings::verify_values(tried->values, schema_),
                                                make_change(who, std::format("transaction '{}'", tried->tx)));
    keep_try(std::nullopt);
    transactions_.drop(tried->tx);
    return version;
}

Applied SettingsControl::undo(std::optional<std::uint64_t> version, const std::string& who) {
    const std::unique_lock lock = begin_change();
    refuse_during_try();
    if (!version) version = store_.find_undo();
    if (!version) throw api::Conflict("there is no change to undo");
    const Json before = effective();
    Applied applied = apply_values(settings::verify_values(store_.read(*version), schema_).document());
    applied.version = keep_applied([&] {
        return store_.return_to(*version, schema_,
                                make_change(who, std::format("back to version {}", *version)));
    });
    announce(before);
    return applied;
}

std::optional<SettingsTry> SettingsControl::find_try() const {
    const std::scoped_lock lock(mutex_);
    return try_;
}

void SettingsControl::tick() {
    const std::optional<SettingsTry> tried = find_try();
    if (!tried || device_.clock.since_boot() < tried->ends) return;
    const std::unique_lock lock(change_, std::try_to_lock);  // a confirmation may be under way
    if (lock && find_try()) end_try("its time is up");
}

// ---- private

std::unique_lock<std::mutex> SettingsControl::begin_change() const {
    std::unique_lock lock(change_, std::try_to_lock);
    if (!lock) throw api::Busy("settings are just being applied").hint("try again in a moment");
    return lock;
}

void SettingsControl::refuse_during_try() const {
    if (const auto tried = find_try())
        throw api::Conflict(std::format("transaction '{}' is being tried", tried->tx))
            .detail("seconds left", std::to_string(tried->ends - device_.clock.since_boot()))
            .hint("confirm or drop it first");
}

/// `values` null: what the store holds.
Applied SettingsControl::apply_values(const Json& values) {
    try {
        const Json result = device_.helper.call("apply_settings", {{"values", values}});
        return {.version = {},
                .files = read_names(result, "files"),
                .services = read_names(result, "services"),
                .tried = {}};
    } catch (...) {
        if (!values.is_null()) return_to_stored();  // some of it may be in effect
        throw;
    }
}

/// Values that are in effect and cannot be stored, on a full disk, must not stay until the next boot only.
std::uint64_t SettingsControl::keep_applied(const std::function<std::uint64_t()>& commit) {
    try {
        return commit();
    } catch (...) {
        return_to_stored();
        throw;
    }
}

void SettingsControl::return_to_stored() noexcept {
    try {
        device_.helper.call("apply_settings", {{"values", Json()}});
    } catch (const std::exception& error) {
        std::println(stderr, "the settings that hold could not be applied again: {}", error.what());
    }
}

/// Stays as it is when the helper cannot do it: the next tick asks again.
void SettingsControl::end_try(const std::string& why) {
    const Json before = effective();
    const std::string tx = find_try()->tx;
    apply_values(Json());
    keep_try(std::nullopt);
    std::println(stderr, "settings of transaction '{}' were taken back: {}", tx, why);
    announce(before);
}

void SettingsControl::keep_try(const std::optional<SettingsTry>& tried) {
    if (tried)
        replace_file(try_file_, format_json(to_json(*tried)), 0600);
    else
        fs::remove(try_file_);
    const std::scoped_lock lock(mutex_);
    try_ = tried;
}

void SettingsControl::announce(const Json& before) {
    const Json after = effective();
    Json changed = Json::array();
    for (const auto& [path, setting] : schema_.settings()) {
        const Json* const old_value = settings::find_value(before, path);
        const Json* const new_value = settings::find_value(after, path);
        const bool is_same =
            old_value != nullptr && new_value != nullptr ? *old_value == *new_value : old_value == new_value;
        if (!is_same) changed.push_back(path);
    }
    if (device_.publish) device_.publish("settings", {{"changed", changed}});
    if (told_) told_(after);
}

settings::Change SettingsControl::make_change(const std::string& who, std::string what) const {
    return {.time = device_.clock.now(), .who = who, .what = std::move(what)};
}

}  // namespace cairn::daemon
