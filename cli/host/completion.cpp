#include <memory>
#include <print>

#include "cli/host/host.h"
#include "cli/term/exit_code.h"
#include "images/assemble/definition.h"
#include "pkg/base/error.h"

namespace cairn::host {
namespace {

int print_words(const Host& host, const std::string& kind) {
    const auto words = kind == "images" ? assemble::definition_names(host.definitions())
                                        : recipe::list_recipes(host.recipes());
    for (const std::string& word : words) std::println("{}", word);
    return term::success;
}

}  // namespace

void add_completion_command(term::Command& root, term::CommandTree& tree, Host& host) {
    const auto shell = std::make_shared<std::string>();
    term::Command& command =
        root.add_command("completion", "Print a completion script for bash, zsh or fish");
    command.add_required("shell", *shell, "bash, zsh or fish");
    command.set_example("source <(cairn completion bash)");
    command.set_action([&tree, shell] {
        std::print("{}", tree.completion_script(*shell));
        return term::success;
    });
    const auto kind = std::make_shared<std::string>();
    term::Command& words =
        root.add_command("completion-words", "Print the words that completions offer: recipes or images");
    words.add_required("kind", *kind, "recipes or images");
    words.set_example("cairn completion-words recipes");
    words.set_action([&host, kind] { return print_words(host, *kind); });
}

}  // namespace cairn::host
