#pragma once

#include "cli/term/command.h"

namespace cairn::host {

/// `cairn repo client`: what a device does with a repository, usable anywhere.
void add_repo_client_command(term::Command& group);

}  // namespace cairn::host
