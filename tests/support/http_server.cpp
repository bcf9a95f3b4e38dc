#include "tests/support/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <arpa/inet.h>
#include <format>
#include <netinet/in.h>
#include <optional>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::support {
namespace {

std::string receive_head(int connection) {
    std::string head;
    char c = 0;
    while (!head.ends_with("\r\n\r\n") && ::recv(connection, &c, 1, 0) == 1) head += c;
    return head;
}

std::string header_value(const std::string& head, const std::string& name) {
    for (const std::string& line : split(head, '\n'))
        if (to_lower(line).starts_with(name + ":")) return std::string(trim(line.substr(name.size() + 1)));
    return "";
}

}  // namespace

HttpServer::HttpServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(listener_.get(), plain, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), plain, &size) != 0)
        throw SystemError("cannot open a port on the loopback interface");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_connections(); });
}

HttpServer::~HttpServer() {
    is_stopping_ = true;
    acceptor_.join();
}

void HttpServer::serve(const std::string& path, ServedFile file) {
    const std::lock_guard lock(mutex_);
    files_[path] = std::move(file);
}

std::string HttpServer::address(const std::string& path) const {
    return std::format("http://127.0.0.1:{}{}", port_, path);
}

std::vector<std::string> HttpServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void HttpServer::accept_connections() {
    while (!is_stopping_) {
        pollfd waiting{listener_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, 20) <= 0) continue;
        const int connection = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) continue;
        connections_.emplace_back([this, connection] {
            const Fd owner(connection);
            answer(connection);
        });
    }
    for (std::thread& connection : connections_) connection.join();
}

void HttpServer::answer(int connection) {
    const std::string head = receive_head(connection);
    const std::vector<std::string> words = split_words(head.substr(0, head.find('\r')));
    if (words.size() < 2) return;
    const std::string range = header_value(head, "range");
    std::size_t send_limit = std::string::npos;
    std::string reply;
    std::chrono::milliseconds pause{0};
    std::size_t bytes_per_second = 0;
    if (bytes_left() == 0) return;
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(words[0] + " " + words[1] + (range.empty() ? "" : " " + range));
        reply = find_answer(words[1], range, send_limit);
        if (const auto file = files_.find(words[1]); file != files_.end()) {
            pause = file->second.pause;
            bytes_per_second = file->second.bytes_per_second;
        }
    }
    for (const auto end = std::chrono::steady_clock::now() + pause;
         std::chrono::steady_clock::now() < end && !is_stopping_;)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    reply.resize(std::min(reply.size(), send_limit));
    send_slowly(connection, reply, bytes_per_second);
}

void HttpServer::send_slowly(int connection, std::string_view reply, std::size_t bytes_per_second) {
    constexpr std::size_t pieces_per_second = 20;
    constexpr std::size_t most = 64 * 1024;  // the network may die between two pieces
    const std::size_t piece =
        bytes_per_second == 0 ? most : std::max<std::size_t>(bytes_per_second / pieces_per_second, 1);
    while (!reply.empty() && !is_stopping_) {
        const std::size_t wanted = std::min({piece, reply.size(), bytes_left()});
        const ssize_t count = ::send(connection, reply.data(), wanted, MSG_NOSIGNAL);
        if (count <= 0) return;
        reply.remove_prefix(static_cast<std::size_t>(count));
        bytes_sent_ += static_cast<std::uint64_t>(count);
        if (bytes_per_second != 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1000 / pieces_per_second));
    }
}

void HttpServer::die_after(std::uint64_t bytes) {
    deadline_ = bytes_sent_ + bytes;
}

std::size_t HttpServer::bytes_left() const {
    const std::uint64_t sent = bytes_sent_;
    const std::uint64_t deadline = deadline_;
    return sent >= deadline ? 0 : static_cast<std::size_t>(deadline - sent);
}

/// With mutex_ held.
std::string HttpServer::find_answer(const std::string& path, const std::string& range,
                                    std::size_t& send_limit) {
    const auto make = [](int status, const std::string& headers, const std::string& body) {
        return std::format("HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n{}", status,
                           body.size(), headers, body);
    };
    const auto found = files_.find(path);
    if (found == files_.end()) return make(404, "", "not here");
    ServedFile& file = found->second;
    if (file.failures > 0) {
        --file.failures;
        return make(file.failure_status, "", "not now");
    }
    if (!file.location.empty()) return make(file.status, "Location: " + file.location + "\r\n", "");
    if (file.status != 200) return make(file.status, "", "no");

    std::string headers = file.etag.empty() ? "" : "ETag: " + file.etag + "\r\n";
    std::string body = file.content;
    int status = 200;
    if (file.has_ranges && range.starts_with("bytes=")) {
        const std::vector<std::string> ends = split(range.substr(6), '-');
        const std::size_t first = std::stoul(ends.at(0));
        if (first >= body.size())
            return make(416, std::format("Content-Range: bytes */{}\r\n", body.size()), "");
        const std::size_t last =
            ends.at(1).empty() ? body.size() - 1 : std::min(std::stoul(ends[1]), body.size() - 1);
        headers += std::format("Content-Range: bytes {}-{}/{}\r\n", first, last, body.size());
        body = body.substr(first, last - first + 1);
        status = 206;
    }
    const std::string reply = make(status, headers, body);
    if (file.cuts > 0) {
        --file.cuts;
        send_limit = reply.size() - body.size() + std::min(file.cut_after, body.size());
        if (!file.content_after_cut.empty()) {
            file.content = file.content_after_cut;
            file.etag = "\"changed\"";
        }
    }
    return reply;
}

}  // namespace cairn::support
