#include <memory>
#include <print>

#include "cli/device/device.h"
#include "cli/term/exit_code.h"

namespace cairn::device {

void add_completion_command(term::Command& root, term::CommandTree& tree) {
    const auto shell = std::make_shared<std::string>();
    term::Command& command =
        root.add_command("completion", "Print a completion script for bash, zsh or fish");
    command.add_required("shell", *shell, "bash, zsh or fish");
    command.set_example("source <(cairnctl completion bash)");
    command.set_action([&tree, shell] {
        std::print("{}", tree.completion_script(*shell));
        return term::success;
    });
}

}  // namespace cairn::device
