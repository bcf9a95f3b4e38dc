#pragma once

#include "cli/host/host.h"
#include "cli/term/command.h"

namespace cairn::host {

/// `sources fetch`, `sources update` and `sources export`.
void add_sources_command(term::Command& root, Host& host);

}  // namespace cairn::host
