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
void refuse_connection(int connection) {
    static const std::string answer = format_last_answer(
        api::make_error_answer(503, "there are too many connections", {}, "try again later"));
    send(connection, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // What the client sent stays unread: without this, the answer would be lost with the connection's reset.
    shutdown(connection, SHUT_WR);
    std::array<char, 4096> bytes;
    recv(connection, bytes.data(), bytes.size(), MSG_DONTWAIT);
}

}  // namespace

/// A connection's place in the list, for as long as its descriptor is open.
class Server::Registration {
  public:
    Registration(Server& server, int connection, Kind kind, const TlsContext* tls)
        : server_(server), connection_(connection) {
        const std::scoped_lock lock(server_.mutex_);
        server_.connections_.emplace(connection_, kind);
        // Whoever ends connections may have come before this one was in the list.
        if (server_.is_stopping_ || (kind == Kind::tls && tls != server_.tls_.get()))
            shutdown(connection_, SHUT_RDWR);
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() {
        const std::scoped_lock lock(server_.mutex_);
        server_.connections_.erase(connection_);
    }

  private:
    Server& server_;
    int connection_;
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
    end_connections(std::nullopt);
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
        tls_listener_.reset();
        tls_.reset();
        tls_port_ = 0;
    }
    wake();
    end_connections(Kind::tls);
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

void Server::end_connections(std::optional<Kind> kind) {
    const std::scoped_lock lock(mutex_);
    for (const auto& [connection, its_kind] : connections_)
        if (!kind || its_kind == *kind) shutdown(connection, SHUT_RDWR);
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
    const int number = connection.get();
    const bool has_room = [&] {
        const std::scoped_lock lock(mutex_);
        ++accepted_;
        const auto open = static_cast<std::size_t>(
            std::ranges::count_if(connections_, [](const auto& one) { return one.second == Kind::tls; }));
        return kind == Kind::socket || open < options_.tls_connections;
    }();
    const auto owned = std::make_shared<Fd>(std::move(connection));
    if (has_room && workers_.try_start([this, owned, kind, tls] { serve(std::move(*owned), kind, tls); }))
        return;
    {
        const std::scoped_lock lock(mutex_);
        ++refused_;
    }
    if (kind == Kind::socket) refuse_connection(number);
}

void Server::serve(Fd connection, Kind kind, const std::shared_ptr<const TlsContext>& tls) {
    const int number = connection.get();
    try {
        if (kind == Kind::socket) {
            const api::Caller caller = make_caller(read_peer(number), options_.groups);
            SocketConnection socket(std::move(connection));
            const Registration registration(*this, number, kind, nullptr);
            serve_http(socket, [&] { return std::optional(caller); }, options_.http, handler_);
            return;
        }
        const int on = 1;
        setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        TlsConnection secured(std::move(connection), *tls);
        const Registration registration(*this, number, kind, tls.get());
        if (!secured.shake_hands(in(options_.handshake))) return;
        const std::optional<crypto::Hash> key = secured.find_client_key();
        const FindCaller find_caller = [&] { return key ? options_.find_client(*key) : std::nullopt; };
        serve_http(secured, find_caller, options_.http, handler_);
    } catch (const std::exception& error) {
        if (options_.http.on_failure)
            options_.http.on_failure(std::format("a connection failed: {}", error.what()));
    }
}

}  // namespace cairn::daemon
