#pragma once

#include "cli/term/command.h"

namespace cairn::host {

/// `cairn package solve FILE`: what a job written as text would do to a root written as text.
void add_package_solve_command(term::Command& group);

}  // namespace cairn::host
