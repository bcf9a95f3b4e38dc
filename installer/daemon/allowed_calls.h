#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <vector>

namespace cairn::daemon {

/// Whether the process, and what it starts, may start programs.
enum class Programs { none, some };

/// A filter that lets the system calls through that are named in allowed_calls.cpp, and answers every other
/// with EPERM; calls of another architecture end the process.
std::vector<sock_filter> make_call_filter(Programs programs);

}  // namespace cairn::daemon
