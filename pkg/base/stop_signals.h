#pragma once

#include "pkg/base/fd.h"

namespace cairn {

/// Becomes readable when the process is told to end (SIGTERM, SIGINT; signalfd(2)). To be called before any
/// thread is started, so that all of them leave these signals to it. Throws SystemError.
Fd open_stop_signals();

}  // namespace cairn
