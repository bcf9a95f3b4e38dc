#include "installer/daemon/update_control.h"

#include <algorithm>
#include <format>
#include <print>

#include "images/layout/boot_report.h"
#include "images/layout/paths.h"
#include "installer/api/errors.h"
#include "installer/daemon/device_files.h"
#include "installer/daemon/story.h"
#include "installer/settings/values.h"
#include "pkg/base/files.h"

namespace cairn::daemon {
namespace {

namespace fs = std::filesystem;

constexpr auto longest_giving_way = std::chrono::seconds(30);
constexpr std::int64_t first_check = 60;  // seconds after the start: the network takes a while
constexpr std::string_view file_scheme = "file:";

ImageIdentity read_identity(const fs::path& root) {
    const Json release = read_object(root / layout::paths::release);
    return {.name = text_of(release, "name"),
            .architecture = text_of(release, "architecture"),
            .version = text_of(release, "version"),
            .version_floor = text_of(release, "version_floor"),
            .settings_format =
                static_cast<std::uint64_t>(std::max<std::int64_t>(number_of(release, "settings_format"), 1))};
}

/// What is known without the helper.
Json make_poor_state(const fs::path& root) {
    const Json release = read_object(root / layout::paths::release);
    const Json boot = read_object(below(root, layout::paths::boot_report));
    namespace report = layout::boot_report;
    return {{"running",
             {{"name", text_of(release, "name")},
              {"version", text_of(release, "version")},
              {"architecture", text_of(release, "architecture")},
              {"root_hash", text_of(boot, report::root_hash)},
              {"slot", text_of(boot, report::slot)},
              {"on_trial", is_true(boot, report::on_trial)}}},
            {"step", "idle"},
            {"image", Json()},
            {"other", Json()},
            {"denied", Json::array()},
            {"boots", Json::array()},
            {"failed_trial", Json()}};
}

Json to_json(const PackageChange& change) {
    return {{"package", change.package},
            {"from", change.from ? Json(*change.from) : Json()},
            {"to", change.to ? Json(*change.to) : Json()}};
}

/// What people see of a version before they agree.
Json describe_available(const Offer& offer, const Json& image, const fs::path& root) {
    Json changes = Json::array();
    for (const PackageChange& change : find_package_changes(read_object(root / layout::paths::sbom), image))
        changes.push_back(to_json(change));
    const auto bytes = find_download_bytes(image);
    return {{"version", *offer.version},
            {"date", offer.date},
            {"notes", offer.notes},
            {"download_bytes", bytes ? Json(*bytes) : Json()},
            {"changes", changes}};
}

std::string to_state(const std::string& step, bool is_available) {
    if (step == "staged") return "Staged";
    if (step == "ready") return "Ready";
    return is_available ? "Available" : "Idle";
}

/// With the details, which name the things: people read it where they cannot ask further.
std::string describe(const std::exception& exception) {
    const auto* error = dynamic_cast<const Error*>(&exception);
    if (error == nullptr) return exception.what();
    std::string text = error->message();
    for (const auto& [name, value] : error->details()) text += std::format("; {}: {}", name, value);
    for (const std::string& line : error->context()) text += std::format("; while {}", line);
    return text;
}

std::string to_command(const std::string& verb) {
    return verb == "clear_denied" ? "clear-denied" : verb;
}

}  // namespace

UpdateControl::UpdateControl(Device device, UpdatePowers powers)
    : device_(std::move(device)),
      powers_(std::move(powers)),
      transport_(powers_.transport, [this] { check_stop(); }),
      client_({.root = device_.root, .metadata_time = powers_.metadata_time}, transport_),
      image_(read_identity(device_.root)),
      next_check_(device_.clock.since_boot() + first_check) {
    read_memory();
}

UpdateControl::~UpdateControl() {
    stop();
    wait();
}

// ---- what people ask for

Json UpdateControl::status() {
    return describe_state(helper_state());
}

Json UpdateControl::refresh() {
    return run("refresh", [this] { look(std::nullopt); });
}

Json UpdateControl::prepare(std::optional<std::string> version) {
    begin("prepare");
    try {
        refuse_unless_good();
        repository();
        // From here to its end the status has progress: who looks and finds none knows that it was cut off.
        take_progress({.step = "refresh"});
    } catch (const std::exception& error) {
        finish("prepare", &error);
        throw;
    }
    wait();  // the thread of the last one has nothing left to do but to end
    worker_ = std::thread([this, version = std::move(version)] { prepare_now(version); });
    return status();
}

Json UpdateControl::command(const std::string& verb, const Json& arguments) {
    return run(to_command(verb), [&] { device_.helper.call(verb, arguments); });
}

void UpdateControl::forget_state() {
    {
        const std::scoped_lock lock(mutex_);
        state_.reset();
    }
    publish_status();
}

void UpdateControl::tick() {
    notice_stick();
    const std::int64_t now = device_.clock.since_boot();
    {
        const std::scoped_lock lock(mutex_);
        if (now < next_check_ || under_way_) return;
    }
    const Json settings = powers_.settings();
    const Json* const minutes = settings::find_value(settings, "updates.check_minutes");
    const std::int64_t every =
        minutes != nullptr && minutes->is_number_integer() ? minutes->get<std::int64_t>() : 0;
    {
        const std::scoped_lock lock(mutex_);
        next_check_ = now + std::max<std::int64_t>(every, 1) * 60;
    }
    if (every <= 0) return;
    try {
        if (!repository().empty()) run("refresh", [this] { look(std::nullopt); }, Origin::own_check);
    } catch (const std::exception& error) {
        std::println(stderr, "updates could not be looked for: {}", describe(error));
    }
}

/// What a stick had that was pulled is not there to be taken any more.
void UpdateControl::notice_stick() {
    const bool is_there = has_stick();
    {
        const std::scoped_lock lock(mutex_);
        if (is_there == had_stick_ || under_way_) return;
        had_stick_ = is_there;
        if (!is_there && asked_ == address_of_stick()) {
            available_.reset();
            not_offered_.clear();
        }
    }
    publish_status();
}

void UpdateControl::wait() {
    if (worker_.joinable()) worker_.join();
}

// ---- commands

void UpdateControl::begin(const std::string& command, Origin origin) {
    std::unique_lock lock(mutex_);
    if (under_way_ && is_own_check_ && origin == Origin::people) {
        gives_way_ = true;
        next_check_ = device_.clock.since_boot() + first_check;  // instead of this one
        ended_.wait_for(lock, longest_giving_way, [this] { return !under_way_ || !is_own_check_; });
    }
    if (under_way_)
        throw api::Busy(std::format("'{}' is under way", *under_way_))
            .hint("GET /events and GET /updates/status tell when it has ended");
    under_way_ = command;
    is_own_check_ = origin == Origin::own_check;
    gives_way_ = false;
}

void UpdateControl::finish(const std::string& command, const std::exception* error) {
    {
        const std::scoped_lock lock(mutex_);
        under_way_.reset();
        progress_.reset();
        state_.reset();
        most_recent_ = {{"command", command},
                        {"time", device_.clock.now()},
                        {"outcome", error == nullptr ? "success" : "failed"},
                        {"message", error == nullptr ? "" : describe(*error)}};
        write_memory();
    }
    ended_.notify_all();
    publish_status();
}

Json UpdateControl::run(const std::string& command, const std::function<void()>& work, Origin origin) {
    begin(command, origin);
    try {
        work();
    } catch (const std::exception& error) {
        finish(command, &error);
        throw;
    }
    finish(command, nullptr);
    return status();
}

bool UpdateControl::has_stick() const {
    std::error_code ignored;
    return fs::exists(below(device_.root, layout::paths::stick_repository) / "metadata/timestamp.json",
                      ignored);
}

std::string UpdateControl::address_of_stick() const {
    return std::format("file://{}", below(device_.root, layout::paths::stick_repository).string());
}

/// A stick that is plugged in comes first, where the settings let it.
std::string UpdateControl::repository() const {
    const Json settings = powers_.settings();
    const Json* const allowed = settings::find_value(settings, "updates.allow_usb");
    const bool may_use_stick = allowed != nullptr && *allowed == true;
    if (may_use_stick && has_stick()) return address_of_stick();
    const Json* const address = settings::find_value(settings, "updates.repository");
    const std::string text = address != nullptr && address->is_string() ? address->get<std::string>() : "";
    if (text.empty())
        throw api::Conflict("no update repository is set").hint("set 'updates.repository' to its address");
    if (text.starts_with(file_scheme) && !may_use_stick)
        throw api::Conflict("the repository is on a file system, and the settings do not allow that")
            .detail("repository", text)
            .hint("set 'updates.allow_usb'");
    return text;
}

/// Asks the repository. `only`: for this version, which must be allowed.
void UpdateControl::look(std::optional<std::string> only) {
    const std::string address = repository();
    const Json state =
        device_.helper.call("state", Json::object());  // without the deny list nothing is offered
    const Json settings = powers_.settings();
    Offer offer;
    const auto choose = [&](const Json& updates) {
        offer = powers_.choose({.updates = updates,
                                .image = image_,
                                .state = state,
                                .settings = settings,
                                .now = device_.clock.now(),
                                .only = only});
        return offer.version;
    };
    const bool is_stick = address == address_of_stick();
    const UpdateClient::Found found =
        with_context(is_stick ? "asking the USB stick that is plugged in" : "asking the repository",
                     [&] { return client_.refresh(address, image_, device_.clock.now(), choose); });
    const std::scoped_lock lock(mutex_);
    asked_ = address;
    last_refresh_ = device_.clock.now();
    not_offered_ = offer.not_offered;
    available_.reset();
    if (offer.version)
        available_ = Available{*offer.version, describe_available(offer, *found.chosen, device_.root)};
}

/// The body of the worker: nothing may leave it.
void UpdateControl::prepare_now(std::optional<std::string> version) {
    try {
        look(version);
        const std::string wanted = require_offer(version);
        TargetsTransport fetch(transport_, repository());
        device_.helper.call("prepare", {{"version", wanted}}, &fetch,
                            [this](const api::HelperProgress& progress) { take_progress(progress); });
        finish("prepare", nullptr);
    } catch (const std::exception& error) {
        finish("prepare", &error);
    }
}

/// The version to prepare, or why there is none.
std::string UpdateControl::require_offer(const std::optional<std::string>& asked) {
    const std::scoped_lock lock(mutex_);
    if (available_ && (!asked || *asked == available_->version)) return available_->version;
    for (const auto& [version, why] : not_offered_)
        if (!asked || *asked == version)
            throw api::Conflict(std::format("version {} is not offered: {}", version, why));
    if (asked) throw api::Conflict(std::format("the repository has no newer version {}", *asked));
    throw api::Conflict("the repository has nothing newer");
}

void UpdateControl::take_progress(const api::HelperProgress& progress) {
    check_stop();
    {
        const std::scoped_lock lock(mutex_);
        const bool is_same_step = progress_ && progress_->step == progress.step;
        progress_ = progress;
        // A hundred events for each step are enough to look at.
        const bool is_little = progress.done < progress.total && progress.done >= progress_told_ &&
                               progress.done - progress_told_ < progress.total / 100;
        if (is_same_step && is_little) return;
        progress_told_ = progress.done;
    }
    if (device_.publish)
        device_.publish("progress",
                        {{"step", progress.step}, {"done", progress.done}, {"total", progress.total}});
}

void UpdateControl::check_stop() const {
    if (is_stopping_) throw Error("the daemon ends");
    if (gives_way_) throw Error("it gave way to a command");
}

void UpdateControl::refuse_unless_good() {
    const Json state = device_.helper.call("state", Json::object());
    if (!is_true(state.value("running", Json::object()), "is_good"))
        throw api::Conflict("the version that runs was not found good yet: it is on trial itself")
            .hint("GET /health tells what it waits for");
}

// ---- what there is to tell

Json UpdateControl::helper_state() {
    {
        const std::scoped_lock lock(mutex_);
        if (state_) return *state_;
    }
    Json state;
    try {
        state = device_.helper.call("state", Json::object());
    } catch (const std::exception& error) {
        state = make_poor_state(device_.root);
        state["problem"] = describe(error);
        return state;  // not kept: the helper is asked again the next time
    }
    const std::scoped_lock lock(mutex_);
    // While a prepare writes, what the slots hold changes at every moment.
    if (!under_way_) state_ = state;
    return state;
}

Json UpdateControl::describe_state(const Json& state) {
    std::string address;
    try {
        address = repository();
    } catch (const Error&) {
        address = {};
    }
    const std::scoped_lock lock(mutex_);
    const std::string step = text_of(state, "step");
    const bool is_under_way = step == "staged" || step == "ready";
    Json not_offered = Json::array();
    for (const auto& [version, why] : not_offered_)
        not_offered.push_back({{"version", version}, {"why", why}});
    Json story = tell_story(state);
    if (most_recent_.is_object() && text_of(most_recent_, "outcome") == "failed")
        story.push_back(
            std::format("{} failed: {}", text_of(most_recent_, "command"), text_of(most_recent_, "message")));
    if (state.contains("problem"))
        story.push_back(std::format("the helper does not answer: {}", text_of(state, "problem")));
    return {
        {"update_state", to_state(step, available_.has_value())},
        {"running", state.value("running", Json::object())},
        {"other", state.value("other", Json())},
        {"available", available_ ? available_->json : Json()},
        {"not_offered", not_offered},
        {"staged", is_under_way && state.value("image", Json()).is_object()
                       ? Json{{"version", text_of(state["image"], "version")}}
                       : Json()},
        {"progress",
         progress_ ? Json{{"step", progress_->step}, {"done", progress_->done}, {"total", progress_->total}}
                   : Json()},
        {"most_recent_command", most_recent_},
        {"denied", state.value("denied", Json::array())},
        {"boots", state.value("boots", Json::array())},
        {"story", story},
        {"repository", address},
        {"last_refresh", last_refresh_ ? Json(*last_refresh_) : Json()}};
}

void UpdateControl::publish_status() {
    if (device_.publish) device_.publish("status", status());
}

void UpdateControl::read_memory() {
    const Json memory = read_object(powers_.memory);
    if (memory.contains("most_recent_command") && memory["most_recent_command"].is_object())
        most_recent_ = memory["most_recent_command"];
    if (number_of(memory, "last_refresh") > 0) last_refresh_ = number_of(memory, "last_refresh");
}

/// A full disk must not stop an update that would do without it.
void UpdateControl::write_memory() const {
    try {
        replace_file(powers_.memory,
                     format_json({{"most_recent_command", most_recent_},
                                  {"last_refresh", last_refresh_ ? Json(*last_refresh_) : Json(0)}}));
    } catch (const std::exception& error) {
        std::println(stderr, "cannot keep the last command's outcome: {}", error.what());
    }
}

}  // namespace cairn::daemon
