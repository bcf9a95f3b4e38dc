#include <format>
#include <memory>
#include <print>

#include "cli/device/fields.h"
#include "cli/device/status_text.h"
#include "cli/device/update_run.h"
#include "cli/device/words.h"
#include "cli/term/ask.h"
#include "cli/term/exit_code.h"

namespace cairn::device {
namespace {

enum class Asking { on, off };  // --yes

struct Options {
    bool is_yes = false;
    bool is_reboot = false;
    bool is_json = false;
    std::string version;

    Asking asking() const { return is_yes ? Asking::off : Asking::on; }
};

bool is_agreed(Asking asking, const std::string& question) {
    return asking == Asking::off ||
           term::ask_consent(question, "give --yes when nobody is there to ask") == term::Consent::given;
}

std::string staged_version(const Json& status) {
    return text_of(object_of(status, "staged"), "version");
}

void print_state(const Json& status) {
    const std::string state = text_of(status, "update_state");
    if (state == "Available")
        std::println("{} is available", text_of(object_of(status, "available"), "version"));
    else if (state == "Staged")
        std::println("{} is written into the other slot; the next boot does not try it yet",
                     staged_version(status));
    else if (state == "Ready")
        std::println("the next boot tries {}", staged_version(status));
    else
        std::println("no update is under way");
}

int print_status(const Json& status, bool is_json) {
    if (is_json)
        std::print("{}", format_json(status));
    else
        print_state(status);
    return term::success;
}

Json begin_prepare(Device& device, const std::string& version) {
    const Json before = object_of(device.api().get("/updates/status"), "most_recent_command");
    device.api().send("POST", "/actions/prepare-update",
                      version.empty() ? Json::object() : Json{{"version", version}});
    return wait_for_prepare(device, before);
}

void reboot(Device& device, const std::string& reason) {
    device.api().send("POST", "/actions/reboot", {{"reason", reason}});
    std::println("the device reboots; 'cairnctl status{}' says afterwards what came of it",
                 device.host_words());
}

/// The last step: the switch was made, the next boot tries the new version.
int offer_reboot(Device& device, const Options& options, const Json& status) {
    const std::string version = staged_version(status);
    std::println(
        "{} is ready: the next boot tries it, and the device goes back by itself when it is not good",
        version);
    const bool is_wanted = options.is_reboot || (!options.is_yes && is_agreed(Asking::on, "reboot now?"));
    if (is_wanted)
        reboot(device, std::format("update to {}", version));
    else
        std::println("reboot when it suits: cairnctl reboot{}", device.host_words());
    return term::success;
}

/// What is under way is gone on with; what is not is begun.
Json bring_to_staged(Device& device, const Options& options, Json status) {
    if (!object_of(status, "progress").empty()) {
        std::println("an update is being prepared already");
        return wait_for_prepare(device, object_of(status, "most_recent_command"));
    }
    if (text_of(status, "update_state") == "Staged") return status;
    status = device.api().send("POST", "/actions/refresh-updates");
    std::print("{}", format_offer(status, device.painting()));
    if (object_of(status, "available").empty()) return status;
    const std::string version = text_of(object_of(status, "available"), "version");
    if (!is_agreed(options.asking(), std::format("install {}?", version))) {
        std::println("nothing was changed");
        return Json();
    }
    return begin_prepare(device, version);
}

int update(Device& device, const Options& options) {
    Json status = device.api().get("/updates/status");
    if (text_of(status, "update_state") == "Ready") return offer_reboot(device, options, status);
    status = bring_to_staged(device, options, std::move(status));
    if (text_of(status, "update_state") != "Staged") return term::success;
    status = device.api().send("POST", "/actions/activate-update");
    return offer_reboot(device, options, status);
}

int run_update(Device& device, const Options& options) {
    try {
        return update(device, options);
    } catch (const Interrupted& stopped) {
        std::println(stderr, "{}", stopped.report());
        return term::interrupted;
    }
}

int run_prepare(Device& device, const Options& options) {
    try {
        return print_status(begin_prepare(device, options.version), options.is_json);
    } catch (const Interrupted& stopped) {
        std::println(stderr, "{}", stopped.report());
        return term::interrupted;
    }
}

int check(Device& device, const Options& options) {
    const Json status = device.api().send("POST", "/actions/refresh-updates");
    std::print("{}", options.is_json ? format_json(status) : format_offer(status, device.painting()));
    return term::success;
}

int roll_back(Device& device, const Options& options) {
    const Json status = device.api().get("/updates/status");
    const std::string running = text_of(object_of(status, "running"), "version");
    const std::string other = text_of(object_of(status, "other"), "version");
    std::println("{} goes on the deny list, and the device reboots into {}", running,
                 other.empty() ? "the older version" : other);
    if (!is_agreed(options.asking(), "go back?")) return std::println("nothing was changed"), term::success;
    device.api().send("POST", "/actions/rollback");
    std::println("the device reboots");
    return term::success;
}

/// A step that is one request.
void add_step(term::Command& group, Device& device, const std::string& name, const std::string& description,
              const std::string& path) {
    const auto options = std::make_shared<Options>();
    term::Command& command = group.add_command(name, description);
    add_json_flag(command, options->is_json);
    command.set_example("cairnctl update " + name);
    command.set_action(
        [&device, options, path] { return print_status(device.api().send("POST", path), options->is_json); });
}

void add_prepare(term::Command& group, Device& device) {
    const auto options = std::make_shared<Options>();
    term::Command& command = group.add_command("prepare", "Fetch a version and write it into the other slot");
    command.add_option("version", options->version, "which one; else the one that is offered");
    add_json_flag(command, options->is_json);
    command.set_example("cairnctl update prepare 1.2.0");
    command.set_action([&device, options] { return run_prepare(device, *options); });
}

void add_rollback(term::Command& group, Device& device) {
    const auto options = std::make_shared<Options>();
    term::Command& command = group.add_command("rollback", "Go back to the version in the other slot");
    command.add_flag("-y,--yes", options->is_yes, "do not ask");
    command.set_example("cairnctl update rollback");
    command.set_action([&device, options] { return roll_back(device, *options); });
}

void add_clear_denied(term::Command& group, Device& device) {
    const auto options = std::make_shared<Options>();
    term::Command& command =
        group.add_command("clear-denied", "Let a version be offered that was denied or held");
    command.add_required("version", options->version, "the version");
    command.set_example("cairnctl update clear-denied 1.2.0");
    command.set_action([&device, options] {
        device.api().send("POST", "/actions/clear-denied", {{"version", options->version}});
        std::println("{} may be offered again", options->version);
        return term::success;
    });
}

}  // namespace

void add_update_command(term::Command& root, Device& device) {
    const auto options = std::make_shared<Options>();
    term::Command& group =
        root.add_command("update", "Fetch what is newer, show it, write it, switch, reboot");
    group.add_flag("-y,--yes", options->is_yes, "install without asking; reboot only with --reboot");
    group.add_flag("--reboot", options->is_reboot, "reboot at the end without asking");
    group.set_example("cairnctl update\ncairnctl update --yes --reboot");
    group.set_action([&device, options] { return run_update(device, *options); });

    const auto checking = std::make_shared<Options>();
    term::Command& command = group.add_command("check", "Ask the repository, and show what there is");
    add_json_flag(command, checking->is_json);
    command.set_example("cairnctl update check");
    command.set_action([&device, checking] { return check(device, *checking); });
    add_step(group, device, "refresh", "Ask the repository what there is", "/actions/refresh-updates");
    add_prepare(group, device);
    add_step(group, device, "activate", "Let the next boot try the version that was written",
             "/actions/activate-update");
    add_step(group, device, "deactivate", "Let the next boot not try it", "/actions/deactivate-update");
    add_rollback(group, device);
    add_clear_denied(group, device);
}

void add_reboot_command(term::Command& root, Device& device) {
    const auto options = std::make_shared<Options>();
    term::Command& command = root.add_command("reboot", "Restart the device");
    command.add_flag("-y,--yes", options->is_yes, "do not ask");
    command.set_example("cairnctl reboot --host gate");
    command.set_action([&device, options] {
        const Json os = device.api().get("/os");
        const std::string question =
            std::format("reboot {} ({})?", device.api().name(), text_of(os, "machine"));
        if (is_agreed(options->asking(), question)) reboot(device, "by cairnctl");
        return term::success;
    });
}

}  // namespace cairn::device
