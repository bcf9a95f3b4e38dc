#pragma once

#include <string_view>

#include "installer/slots/trial.h"
#include "installer/update/device.h"
#include "pkg/base/json.h"

namespace cairn::helper {

/// "denied" or "held".
std::string_view to_text(slots::Ban ban);

/// The result of the verb `state`, as installer/api/HELPER.md has it: looked up anew each time.
Json describe_state(const update::Device& device);

}  // namespace cairn::helper
