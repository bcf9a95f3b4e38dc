#pragma once

#include "cli/term/command.h"

namespace cairn::host {

/// `cairn package convert`: packages of ours into others' formats, and theirs into ours.
void add_convert_command(term::Command& group);

}  // namespace cairn::host
