#pragma once

#include <cstdint>

namespace cairn::net {

/// A TCP port of the loopback interface that nobody listens on, for a server that has to be told one. Nothing
/// keeps it free: whoever asks the kernel for any port may get the same one later. Throws SystemError.
std::uint16_t find_free_port();

}  // namespace cairn::net
