#include "installer/helper/server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <format>
#include <thread>

#include "pkg/base/error.h"

namespace cairn::helper {

namespace {

constexpr mode_t socket_mode = 0660;
constexpr std::chrono::seconds time_for_request{10};

void set_time_limit(int fd, int option, std::chrono::seconds limit) {
    const timeval value = {.tv_sec = limit.count(), .tv_usec = 0};
    if (::setsockopt(fd, SOL_SOCKET, option, &value, sizeof value) != 0)
        throw SystemError("cannot limit how long a client may take");
}

Fd listen_at(const ServerOptions& options) {
    const std::string& path = options.socket.native();
    sockaddr_un address = {.sun_family = AF_UNIX};
    if (path.size() >= sizeof address.sun_path)
        throw UsageError(std::format("path of a socket is too long: '{}'", path));
    std::memcpy(address.sun_path, path.c_str(), path.size());
    ::unlink(path.c_str());

    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!listener.is_open()) throw SystemError("cannot make a socket");
    // Nobody but its owner can reach it before it has its owner and mode.
    const mode_t before = ::umask(0177);
    const int bound = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::umask(before);
    if (bound != 0) throw SystemError(std::format("cannot bind '{}'", path));
    if (options.group && ::chown(path.c_str(), static_cast<uid_t>(-1), *options.group) != 0)
        throw SystemError(std::format("cannot give '{}' its group", path));
    if (::chmod(path.c_str(), socket_mode) != 0)
        throw SystemError(std::format("cannot open '{}' to its group", path));
    if (::listen(listener.get(), Server::most_connections) != 0)
        throw SystemError(std::format("cannot listen at '{}'", path));
    return listener;
}

bool is_allowed(int socket, const std::vector<uid_t>& allowed) {
    ucred peer = {};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           std::ranges::contains(allowed, peer.uid);
}

}  // namespace

Server::Server(ServerOptions options, Serve serve)
    : options_(std::move(options)), serve_(std::move(serve)), listener_(listen_at(options_)) {}

Server::~Server() {
    ::unlink(options_.socket.c_str());
}

void Server::run(int stop) {
    for (;;) {
        std::array<pollfd, 2> events = {
            {{.fd = stop, .events = POLLIN}, {.fd = listener_.get(), .events = POLLIN}}};
        if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR)
            throw SystemError("cannot wait for clients");
        if (events[0].revents != 0) break;
        if ((events[1].revents & POLLIN) != 0) accept_one();
    }
    for (std::ptrdiff_t count = 0; count < most_connections; ++count) free_.acquire();
}

void Server::accept_one() {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.is_open() || !is_allowed(socket.get(), options_.allowed)) return;
    // The next client waits in the kernel until one of these has ended.
    free_.acquire();
    std::thread([this, socket = std::move(socket)]() mutable {
        serve_connection(std::move(socket));
        free_.release();
    }).detach();
}

void Server::serve_connection(Fd socket) {
    const int fd = socket.get();
    const api::FrameChannel channel(std::move(socket), "the client");
    try {
        set_time_limit(fd, SO_RCVTIMEO, time_for_request);
        set_time_limit(fd, SO_SNDTIMEO, options_.silence);
        const Json request = channel.receive_json();
        set_time_limit(fd, SO_RCVTIMEO, options_.silence);
        Json answer;
        try {
            Session session(channel);
            answer = {{"result", serve_(request, session)}};
        } catch (const std::exception& error) {
            answer = {{"error", api::error_to_json(error)}};
            if (options_.say) options_.say(std::format("refused: {}", error.what()));
        }
        channel.send(answer);
    } catch (const std::exception& error) {
        if (options_.say) options_.say(std::format("a connection ended: {}", error.what()));
    }
}

}  // namespace cairn::helper
