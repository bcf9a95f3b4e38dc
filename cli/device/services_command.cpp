#include <memory>
#include <print>

#include "cli/device/device.h"
#include "cli/device/fields.h"
#include "cli/device/status_text.h"
#include "cli/term/exit_code.h"

namespace cairn::device {
namespace {

int show_services(Device& device, bool is_json) {
    const Json services = device.api().get("/services");
    std::print("{}", is_json ? format_json(services) : format_services(services, device.painting()));
    return term::success;
}

int restart(Device& device, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        device.api().send("POST", "/services/" + encode_word(name) + "/restart");
        std::println("{} restarts", name);
    }
    return term::success;
}

}  // namespace

void add_services_command(term::Command& root, Device& device) {
    const auto is_json = std::make_shared<bool>(false);
    term::Command& group =
        root.add_command("services", "What runs, how often it was restarted, how it last ended");
    add_json_flag(group, *is_json);
    group.set_example("cairnctl services");
    group.set_action([&device, is_json] { return show_services(device, *is_json); });

    const auto names = std::make_shared<std::vector<std::string>>();
    term::Command& command = group.add_command("restart", "Restart services");
    command.add_required("name", *names, "the services");
    command.set_example("cairnctl services restart chronyd");
    command.set_action([&device, names] { return restart(device, *names); });
}

}  // namespace cairn::device
