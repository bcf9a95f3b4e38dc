#include "installer/daemon/connection.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "pkg/base/error.h"

namespace cairn::daemon {

void make_nonblocking(int socket) {
    if (fcntl(socket, F_SETFL, O_NONBLOCK) != 0) throw SystemError("cannot make a socket non-blocking");
}

bool wait_for_socket(int socket, short events, TimePoint deadline) {
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd entry{.fd = socket, .events = events, .revents = 0};
        // Errors and hang-ups count as ready: the next call on the socket says what it is.
        if (poll(&entry, 1, static_cast<int>(std::min<long long>(left.count(), INT_MAX))) > 0) return true;
    }
}

void drain_socket(int socket, TimePoint deadline) {
    shutdown(socket, SHUT_WR);
    std::array<char, 4096> bytes;
    std::size_t most = std::size_t{4} << 20;
    while (most > 0 && wait_for_socket(socket, POLLIN, deadline)) {
        const ssize_t got = recv(socket, bytes.data(), bytes.size(), 0);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
        if (got > 0) most -= std::min(most, static_cast<std::size_t>(got));
    }
}

SocketConnection::SocketConnection(int socket) : socket_(socket) {
    make_nonblocking(socket_);
}

std::size_t SocketConnection::read(std::span<char> bytes, TimePoint deadline) {
    for (;;) {
        const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
        if (got > 0) return static_cast<std::size_t>(got);
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) break;
        if (!wait_for_socket(socket_, POLLIN, deadline)) {
            state_ = State::late;
            return 0;
        }
    }
    state_ = State::over;
    return 0;
}

bool SocketConnection::write(std::string_view bytes, TimePoint deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN && errno != EINTR) {
            state_ = State::over;
            return false;
        } else if (!wait_for_socket(socket_, POLLOUT, deadline)) {
            state_ = State::late;
            return false;
        }
    }
    return true;
}

void SocketConnection::finish(TimePoint deadline) {
    drain_socket(socket_, deadline);
}

}  // namespace cairn::daemon
