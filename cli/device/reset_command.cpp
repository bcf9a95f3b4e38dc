#include <format>
#include <print>

#include "cli/device/device.h"
#include "cli/device/fields.h"
#include "cli/term/ask.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"

namespace cairn::device {
namespace {

int reset_data(Device& device) {
    const Json os = device.api().get("/os");
    const std::string id = text_of(os, "machine_id");
    std::println("this resets {}: {} {} on {}", device.api().name(), text_of(os, "name"),
                 text_of(os, "version"), text_of(os, "machine"));
    std::println("settings, logs, keys and everything else on its data partition are lost; the image stays");
    std::println("machine id: {}", id);
    const std::string typed = term::ask_line("type the machine id to go on:", "nothing was changed");
    if (typed != id || id.empty()) throw Error("nothing was changed: that is not the machine's id");
    device.api().send("POST", "/actions/reset-data", {{"confirm", typed}});
    std::println("the device reboots, and begins as on its first boot");
    return term::success;
}

}  // namespace

void add_reset_data_command(term::Command& root, Device& device) {
    term::Command& command =
        root.add_command("reset-data", "Lose all settings and data, and begin as on the first boot");
    command.set_example("cairnctl reset-data --host gate");
    command.set_action([&device] { return reset_data(device); });
}

}  // namespace cairn::device
