#include "installer/health/requests.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <format>
#include <memory>
#include <string_view>

#include "pkg/base/error.h"

namespace cairn::health {

namespace {

constexpr std::size_t longest_status_line = 4096;

void wait_until(const Fd& connection, short events, Deadline deadline) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting = {.fd = connection.get(), .events = events, .revents = 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0)
        throw NetworkError("no answer in time");
}

void connect_until(const Fd& connection, const sockaddr* address, socklen_t length, Deadline deadline) {
    if (connect(connection.get(), address, length) == 0) return;
    if (errno != EINPROGRESS) throw NetworkError(std::strerror(errno));
    wait_until(connection, POLLOUT, deadline);
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) throw NetworkError(std::strerror(error));
}

Fd make_socket(int family) {
    Fd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.is_open()) throw NetworkError(std::strerror(errno));
    return fd;
}

/// Of "HTTP/1.1 200 OK".
int parse_status_line(std::string_view line) {
    int status = 0;
    const std::size_t blank = line.find(' ');
    if (line.starts_with("HTTP/") && blank != std::string_view::npos)
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), status);
    if (status < 100 || status > 999) throw NetworkError("the answer is not HTTP");
    return status;
}

}  // namespace

Fd connect_to_host(const std::string& host, std::uint16_t port, Deadline deadline) {
    const addrinfo wanted = {.ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    addrinfo* first = nullptr;
    if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &first);
        error != 0)
        throw NetworkError(std::format("'{}' has no address: {}", host, gai_strerror(error)));
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(first, &freeaddrinfo);
    for (const addrinfo* one = first;; one = one->ai_next) {
        try {
            Fd connection = make_socket(one->ai_family);
            connect_until(connection, one->ai_addr, one->ai_addrlen, deadline);
            return connection;
        } catch (const NetworkError&) {
            if (one->ai_next == nullptr) throw;
        }
    }
}

Fd connect_to_socket(const std::filesystem::path& path, Deadline deadline) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof address.sun_path) throw NetworkError("the socket's path is too long");
    std::ranges::copy(text, address.sun_path);
    Fd connection = make_socket(AF_UNIX);
    connect_until(connection, reinterpret_cast<const sockaddr*>(&address), sizeof address, deadline);
    return connection;
}

int request_status(const Fd& connection, const std::string& host, const std::string& path,
                   Deadline deadline) {
    const std::string request = std::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cairn-health\r\nConnection: close\r\n\r\n", path, host);
    // It fits into the socket's empty buffer: no loop. MSG_NOSIGNAL: who hangs up must not end us.
    if (send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
        throw NetworkError(std::strerror(errno));
    std::string answer;
    while (!answer.contains('\n') && answer.size() < longest_status_line) {
        wait_until(connection, POLLIN, deadline);
        std::array<char, 512> bytes = {};
        const ssize_t count = recv(connection.get(), bytes.data(), bytes.size(), 0);
        if (count <= 0) throw NetworkError("it hung up");
        answer.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return parse_status_line(std::string_view(answer).substr(0, answer.find('\n')));
}

}  // namespace cairn::health
