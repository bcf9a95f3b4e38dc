#pragma once

#include "pkg/base/error.h"
#include "pkg/source/environment.h"
#include "pkg/source/fetch_file.h"

namespace cairn::source {

/// The error for a pin that no place has: what is the newest there, and the command that moves the pin.
Error make_vanished_pin_error(const PinnedFile& pin, Environment& environment);

}  // namespace cairn::source
