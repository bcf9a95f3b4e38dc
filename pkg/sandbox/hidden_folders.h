#pragma once

#include <string>
#include <vector>

#include "pkg/sandbox/root_plan.h"

/// Folders of the host's /usr that depend on what happens to be installed: hidden, except for what declared
/// packages put there.
namespace cairn::sandbox {

/// Appends the steps that cover every such folder that this host has and bring back `files` (absolute paths
/// from package lists; those outside these folders are of no concern here).
void plan_hidden_folders(const std::vector<std::string>& files, std::vector<Step>& steps);

}  // namespace cairn::sandbox
