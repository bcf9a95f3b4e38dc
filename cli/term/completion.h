#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/term/command_impl.h"

namespace cairn::term {

/// One command as the completion writers see it; `path` is "" for the program itself, else "package create".
struct CompletionNode {
    std::string path;
    std::vector<OptionInfo> options;
    std::vector<std::pair<std::string, std::string>> children;  // name, description
};

/// Throws UsageError for a shell other than bash, zsh and fish. Recipe and image names are asked from the
/// program itself while completing (`<program> completion-words recipes`), so they are never out of date.
std::string make_completion_script(const std::string& program, const std::string& shell,
                                   const std::vector<CompletionNode>& nodes);

}  // namespace cairn::term
