#pragma once

#include <filesystem>

#include "cli/term/command.h"
#include "pkg/package/identity.h"

namespace cairn::host {

/// Adds the options by which a person says what a package is: --name, --version and so on. `identity` must
/// outlive the command.
void add_identity_options(term::Command& command, package::Identity& identity);

/// Packs and signs `directory` with the maker's key and says what was made. What `identity` leaves out gets
/// its default; throws UsageError for what has none, or is wrong. `output` empty: the usual name, here.
void create_package(const std::filesystem::path& directory, package::Identity identity,
                    const std::filesystem::path& output);

/// `cairn package create`.
void add_create_command(term::Command& group);

}  // namespace cairn::host
