#include "pkg/net/free_port.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::net {

std::uint16_t find_free_port() {
    const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(socket.get(), plain, size) != 0 || ::getsockname(socket.get(), plain, &size) != 0)
        throw SystemError("cannot find a free port");
    return ntohs(address.sin_port);
}

}  // namespace cairn::net
