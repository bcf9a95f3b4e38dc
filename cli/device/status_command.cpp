#include <memory>
#include <print>

#include "cli/device/device.h"
#include "cli/device/fields.h"
#include "cli/device/status_text.h"
#include "cli/term/exit_code.h"

namespace cairn::device {
namespace {

int show_status(Device& device, bool is_json) {
    Api& api = device.api();
    const StatusAnswers answers{.os = api.get("/os"),
                                .updates = api.get("/updates/status"),
                                .health = api.get("/health"),
                                .services = api.get("/services")};
    if (is_json)
        std::print("{}", format_json({{"os", answers.os},
                                      {"updates", answers.updates},
                                      {"health", answers.health},
                                      {"services", list_of(answers.services, "services")}}));
    else
        std::print("{}", format_status(answers, device.painting()));
    return term::success;
}

/// Good and starting are no failures: whoever waits for more asks for --json.
int show_health(Device& device, bool is_json) {
    const Json health = device.api().get("/health");
    std::print("{}", is_json ? format_json(health) : format_health(health, device.painting()));
    return text_of(health, "status") == "failing" ? term::failure : term::success;
}

}  // namespace

void add_status_command(term::Command& root, Device& device) {
    const auto is_json = std::make_shared<bool>(false);
    term::Command& command =
        root.add_command("status", "What runs, how an update stands, health, and what happened");
    add_json_flag(command, *is_json);
    command.set_example("cairnctl status");
    command.set_action([&device, is_json] { return show_status(device, *is_json); });
}

void add_health_command(term::Command& root, Device& device) {
    const auto is_json = std::make_shared<bool>(false);
    term::Command& command =
        root.add_command("health", "What every health check says; exit code 1 when one fails");
    add_json_flag(command, *is_json);
    command.set_example("cairnctl health");
    command.set_action([&device, is_json] { return show_health(device, *is_json); });
}

void add_os_command(term::Command& root, Device& device) {
    const auto is_json = std::make_shared<bool>(false);
    term::Command& command = root.add_command("os", "The running image and this machine");
    add_json_flag(command, *is_json);
    command.set_example("cairnctl os --json");
    command.set_action([&device, is_json] {
        const Json os = device.api().get("/os");
        std::print("{}", *is_json ? format_json(os) : format_os(os, device.painting()));
        return term::success;
    });
}

}  // namespace cairn::device
