#pragma once

#include <linux/filter.h>

#include <span>

/// The few system calls that reach past namespaces, refused inside a sandbox.
namespace cairn::sandbox {

/// A seccomp program that refuses: sockets that no network namespace holds (vsock and the like), the keyrings
/// of the caller's session, typing into the caller's terminal, and calls of another architecture. All else is
/// allowed.
std::span<const struct sock_filter> syscall_filter();

}  // namespace cairn::sandbox
