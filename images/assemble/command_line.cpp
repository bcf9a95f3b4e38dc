#include "images/assemble/command_line.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::assemble {
namespace {

/// Arguments that decide what runs: they come from the image, once.
constexpr std::string_view reserved[] = {"roothash", "init", "rdinit", "root", "initrd"};

void check_argument(const std::string& argument) {
    const bool is_word =
        !argument.empty() && std::ranges::all_of(argument, [](char c) { return c > ' ' && c < 127; });
    if (!is_word)
        throw UsageError(std::format("kernel argument '{}' is not one word of plain characters", argument));
    const std::string name = argument.substr(0, argument.find('='));
    if (std::ranges::contains(reserved, name))
        throw UsageError(
            std::format("kernel argument '{}' cannot be given: the image sets it itself", argument))
            .hint("remove it from \"kernel_arguments\" of the image definition");
}

/// The last console is the one that the first process's own output goes to.
std::vector<std::string> consoles(layout::Architecture architecture) {
    if (architecture == layout::Architecture::x86_64) return {"console=tty0", "console=ttyS0,115200"};
    return {"console=tty0", "console=ttyS0,115200", "console=ttyAMA0,115200"};
}

}  // namespace

std::string make_command_line(const crypto::Hash& root_hash, layout::Architecture architecture,
                              const std::vector<std::string>& extra) {
    // `gpt`: when the primary partition table is torn, the kernel falls back to the backup.
    std::vector<std::string> words = {"roothash=" + root_hash.to_hex(), "gpt"};
    std::ranges::copy(consoles(architecture), std::back_inserter(words));
    std::ranges::copy(std::vector<std::string>{"panic=10", "oops=panic", "lockdown=integrity"},
                      std::back_inserter(words));
    for (const std::string& argument : extra) {
        check_argument(argument);
        words.push_back(argument);
    }
    return join(words, " ");
}

}  // namespace cairn::assemble
