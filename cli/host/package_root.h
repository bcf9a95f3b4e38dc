#pragma once

#include <string>
#include <vector>

#include "cli/term/command.h"

/// `cairn package` in a root: install, upgrade, remove, rollback, history, files, owns.
namespace cairn::host {

void add_root_commands(term::Command& group);

/// `package list --root`, `package verify --root`: give the exit code.
int list_root(const std::string& root, bool is_json);
int verify_root(const std::string& root, const std::vector<std::string>& names);

}  // namespace cairn::host
