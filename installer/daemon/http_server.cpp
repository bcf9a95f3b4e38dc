#include "installer/daemon/http_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <format>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <tuple>

#include "installer/daemon/connection.h"
#include "installer/daemon/listener.h"
#include "installer/daemon/tls.h"
#include "pkg/base/error.h"

namespace cairn::daemon {
namespace {

TimePoint in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

/// Written without waiting: a socket that was just accepted has room for it.
void refuse_connection(int connection, const api::Answer& why) {
    const std::string answer = format_last_answer(why);
    send(connection, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // What the client sent stays unread: without this, the answer would be lost with the connection's reset.
    shutdown(connection, SHUT_WR);
    std::array<char, 4096> bytes;
    recv(connection, bytes.data(), bytes.size(), MSG_DONTWAIT);
}

}  // namespace

/// A connection with its place in the list, which it leaves before its descriptor can be another's.
struct Server::Accepted {
    Accepted(Server& in_server, Fd connection, Kind of_kind, std::shared_ptr<const TlsContext> with_tls)
        : socket(std::move(connection)), kind(of_kind), tls(std::move(with_tls)), server(in_server) {
        const std::scoped_lock lock(server.mutex_);
        server.connections_.emplace(socket.get(), kind);
    }
    Accepted(const Accepted&) = delete;
    Accepted& operator=(const Accepted&) = delete;
    ~Accepted() {
        const std::scoped_lock lock(server.mutex_);
        server.connections_.erase(socket.get());
    }

    Fd socket;
    Kind kind;
    std::shared_ptr<const TlsContext> tls;
    api::Caller caller;  // of a socket
    Server& server;
};

Server::Server(ServerOptions options, api::Handler& handler)
    : options_(std::move(options)),
      handler_(handler),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      workers_(options_.connections, options_.thread_idle) {
    if (!wake_.is_open()) throw SystemError("cannot make an eventfd");
    // TLS writes with plain calls: a client that is gone is an error to them, no signal.
    std::signal(SIGPIPE, SIG_IGN);
    acceptor_ = std::thread([this] { accept_loop(); });
}

Server::~Server() {
    stop();
}

void Server::stop() {
    is_stopping_ = true;
    wake();
    if (acceptor_.joinable()) acceptor_.join();
    {
        const std::scoped_lock lock(mutex_);
        for (const auto& [connection, kind] : connections_) shutdown(connection, SHUT_RDWR);
    }
    workers_.finish();
    const std::scoped_lock lock(mutex_);
    socket_listener_.reset();
    tls_listener_.reset();
    tls_port_ = 0;
}

void Server::listen_on_socket(const std::filesystem::path& path) {
    auto listener = std::make_shared<Fd>(open_socket_listener(path));
    {
        const std::scoped_lock lock(mutex_);
        socket_listener_ = std::move(listener);
    }
    wake();
}

void Server::set_tls(const std::optional<TlsPort>& port) {
    {
        const std::scoped_lock lock(mutex_);
        // At once, although the accepting thread may hold the socket a little longer.
        if (tls_listener_) shutdown(tls_listener_->get(), SHUT_RDWR);
        tls_listener_.reset();
        tls_.reset();
        tls_port_ = 0;
        // No more requests; an answer under way, perhaps to who switched it off, can still be sent.
        for (const auto& [connection, kind] : connections_)
            if (kind == Kind::tls) shutdown(connection, SHUT_RD);
    }
    wake();
    if (!port) return;
    auto context = std::make_shared<const TlsContext>(port->identity);
    auto listener = std::make_shared<Fd>(open_port_listener(port->address, port->port));
    {
        const std::scoped_lock lock(mutex_);
        tls_port_ = port_of_listener(listener->get());
        tls_listener_ = std::move(listener);
        tls_ = std::move(context);
    }
    wake();
}

Server::Figures Server::figures() const {
    const std::scoped_lock lock(mutex_);
    Figures figures{.accepted = accepted_, .refused = refused_};
    for (const auto& [connection, kind] : connections_)
        ++(kind == Kind::tls ? figures.tls_connections : figures.socket_connections);
    return figures;
}

void Server::wake() {
    const std::uint64_t one = 1;
    // It fails only when many wake-ups wait already.
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

void Server::accept_loop() {
    while (!is_stopping_) {
        // Owned here too: a listener that is switched off meanwhile is closed after this round.
        const auto [socket_listener, tls_listener, tls] = [&] {
            const std::scoped_lock lock(mutex_);
            return std::tuple(socket_listener_, tls_listener_, tls_);
        }();
        const auto number = [](const std::shared_ptr<Fd>& fd) { return fd ? fd->get() : -1; };
        std::array<pollfd, 3> entries{{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                                       {.fd = number(socket_listener), .events = POLLIN, .revents = 0},
                                       {.fd = number(tls_listener), .events = POLLIN, .revents = 0}}};
        if (poll(entries.data(), entries.size(), -1) < 0) continue;
        std::uint64_t count;
        if (entries[0].revents != 0) [[maybe_unused]]
            const ssize_t got = read(wake_.get(), &count, sizeof count);
        if (entries[1].revents != 0) accept_from(entries[1].fd, Kind::socket, nullptr);
        if (entries[2].revents != 0) accept_from(entries[2].fd, Kind::tls, tls);
    }
}

void Server::accept_from(int listener, Kind kind, const std::shared_ptr<const TlsContext>& tls) {
    Fd connection(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.is_open()) {
        // Out of descriptors or memory: the connection waits, and so does this thread, instead of asking
        // again and again.
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            wait_for_socket(wake_.get(), POLLIN, in(std::chrono::milliseconds(100)));
        return;
    }
    const bool has_room = [&] {
        const std::scoped_lock lock(mutex_);
        ++accepted_;
        const auto open = static_cast<std::size_t>(
            std::ranges::count_if(connections_, [](const auto& one) { return one.second == Kind::tls; }));
        return kind == Kind::socket || open < options_.tls_connections;
    }();
    const auto accepted = std::make_shared<Accepted>(*this, std::move(connection), kind, tls);
    if (kind == Kind::socket && !find_caller(*accepted)) return;
    if (has_room && workers_.try_start([this, accepted] { serve(*accepted); })) return;
    {
        const std::scoped_lock lock(mutex_);
        ++refused_;
    }
    if (kind == Kind::socket)
        refuse_connection(
            accepted->socket.get(),
            api::make_error_answer(503, "there are too many connections", {}, "try again later"));
}

/// Who has no role is told so at once, and costs no thread.
bool Server::find_caller(Accepted& accepted) {
    try {
        accepted.caller = make_caller(read_peer(accepted.socket.get()), options_.groups, geteuid());
    } catch (const Error& error) {
        report(error);
        return false;
    }
    if (accepted.caller.role != api::Role::none) return true;
    refuse_connection(
        accepted.socket.get(),
        api::make_error_answer(403, std::format("'{}' may not use this device's API", accepted.caller.name),
                               {}, "groups that may: cairn-reader, cairn-operator, cairn-admin"));
    return false;
}

void Server::serve(const Accepted& accepted) {
    try {
        if (accepted.kind == Kind::tls) {
            serve_tls(accepted);
        } else {
            SocketConnection connection(accepted.socket.get());
            serve_http(connection, [&] { return std::optional(accepted.caller); }, options_.http, handler_);
        }
    } catch (const std::exception& error) {
        report(error);
    }
}

void Server::serve_tls(const Accepted& accepted) {
    const int on = 1;
    setsockopt(accepted.socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    TlsConnection connection(accepted.socket.get(), *accepted.tls);
    if (!connection.shake_hands(in(options_.handshake))) return;
    const std::optional<crypto::Hash> key = connection.find_client_key();
    const FindCaller find_client = [&]() -> std::optional<api::Caller> {
        {
            const std::scoped_lock lock(mutex_);
            if (tls_ != accepted.tls) return std::nullopt;  // switched off meanwhile
        }
        return key ? options_.find_client(*key) : std::nullopt;
    };
    serve_http(connection, find_client, options_.http, handler_);
}

void Server::report(const std::exception& error) const {
    if (options_.http.on_failure)
        options_.http.on_failure(std::format("a connection failed: {}", error.what()));
}

}  // namespace cairn::daemon
