#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "pkg/base/fd.h"

/// Sockets that wait for clients.
namespace cairn::daemon {

/// At a path, with mode 0666; a socket that is there is replaced. Throws SystemError, and UsageError when the
/// path is too long for a socket.
Fd open_socket_listener(const std::filesystem::path& path);

/// On an address of IPv4 or IPv6; "::" is both, or IPv4 alone where the kernel has no IPv6. Throws
/// SystemError, and UsageError for what is no address.
Fd open_port_listener(const std::string& address, std::uint16_t port);
std::uint16_t port_of_listener(int listener);

}  // namespace cairn::daemon
