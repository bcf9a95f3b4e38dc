#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/term/command.h"

namespace cairn::term {

/// An option as completions and help need it.
struct OptionInfo {
    std::vector<std::string> names;  // with dashes; a positional has one without
    std::string help;
    bool takes_value = false;
    Completion completion = Completion::none;
    bool is_positional() const { return !names.front().starts_with('-'); }
};

struct Command::Implementation {
    CLI::App* app = nullptr;          // borrowed from its parent, or `owned`
    std::unique_ptr<CLI::App> owned;  // of the root only
    std::string name;
    std::string description;
    std::vector<std::unique_ptr<Command>> children;
    std::vector<OptionInfo> options;
    std::function<int()> action;
};

}  // namespace cairn::term
