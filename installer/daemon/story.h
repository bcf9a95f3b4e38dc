#pragma once

#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace cairn::daemon {

/// What happened to the versions of this device, in words and oldest first, out of the helper's `state`
/// (installer/api/HELPER.md): what was tried, what came of it and why, what is denied or held, and what is
/// under way. Nothing depends on these words.
std::vector<std::string> tell_story(const Json& state);

}  // namespace cairn::daemon
