#include "installer/daemon/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <format>
#include <netinet/in.h>

#include "pkg/base/error.h"

namespace cairn::daemon {
namespace {

constexpr int backlog = 128;
constexpr int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

struct PortAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

PortAddress make_address(const std::string& address, std::uint16_t port) {
    PortAddress result;
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
    auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
    if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        result.size = sizeof *v6;
    } else if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        result.size = sizeof *v4;
    } else {
        throw UsageError(std::format("'{}' is no address to listen on", address))
            .hint("give an IPv4 or IPv6 address");
    }
    return result;
}

}  // namespace

Fd open_socket_listener(const std::filesystem::path& path) {
    const std::string name = path.string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof address.sun_path)
        throw UsageError(std::format("the path '{}' is too long for a socket", name));
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    Fd listener(socket(AF_UNIX, kind, 0));
    if (!listener.is_open()) throw SystemError("cannot make a socket");
    // What another run left would be in the way.
    if (unlink(name.c_str()) != 0 && errno != ENOENT)
        throw SystemError(std::format("cannot remove '{}'", name));
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw SystemError(std::format("cannot listen on '{}'", name));
    if (chmod(name.c_str(), 0666) != 0) throw SystemError(std::format("cannot let clients use '{}'", name));
    if (listen(listener.get(), backlog) != 0) throw SystemError(std::format("cannot listen on '{}'", name));
    return listener;
}

Fd open_port_listener(const std::string& address, std::uint16_t port) {
    const PortAddress place = make_address(address, port);
    Fd listener(socket(place.storage.ss_family, kind, 0));
    if (!listener.is_open() && errno == EAFNOSUPPORT && address == "::")
        return open_port_listener("0.0.0.0", port);
    if (!listener.is_open()) throw SystemError("cannot make a socket");
    const int on = 1;
    const int off = 0;
    setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address == "::") setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&place.storage), place.size) != 0 ||
        listen(listener.get(), backlog) != 0)
        throw SystemError(std::format("cannot listen on port {} of '{}'", port, address));
    return listener;
}

std::uint16_t port_of_listener(int listener) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    if (getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
        throw SystemError("cannot ask for a socket's port");
    return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                                               : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

}  // namespace cairn::daemon
