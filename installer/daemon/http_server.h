#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "installer/api/request.h"
#include "installer/daemon/http_session.h"
#include "installer/daemon/peer.h"
#include "installer/daemon/worker_pool.h"
#include "pkg/base/fd.h"
#include "pkg/crypto/hash.h"
#include "pkg/crypto/tls_identity.h"

/// The device API's server: a Unix socket, and a TLS port that is switched on and off while it runs.
namespace cairn::daemon {

class TlsContext;

struct ServerOptions {
    HttpRules http;
    GroupRoles groups;

    /// Who a client certificate belongs to, by SHA-256 of its public key (SubjectPublicKeyInfo); empty:
    /// nobody, 401. Asked anew for each request, and before each piece of an answer that is streamed: what it
    /// no longer knows is revoked, open connections included.
    std::function<std::optional<api::Caller>(const crypto::Hash& key)> find_client;

    std::size_t connections = 256;
    std::size_t tls_connections = 224;              // of these: the socket keeps some for itself
    std::chrono::milliseconds handshake{10'000};    // for TLS to be set up
    std::chrono::milliseconds thread_idle{10'000};  // a thread without a connection ends then
};

struct TlsPort {
    std::string address = "::";  // IPv4 or IPv6; "::" is both
    std::uint16_t port = 8443;   // 0: any that is free
    crypto::TlsIdentity identity;
};

/// Serves from construction to destruction, in threads of its own: one that accepts, and one for each
/// connection. Beyond the limits a connection gets 503, or is closed where TLS is not set up yet.
class Server {
  public:
    /// `handler` is borrowed and called from many threads.
    Server(ServerOptions options, api::Handler& handler);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// As stop().
    ~Server();

    /// Listens on a Unix socket, which everybody may connect to: roles are found by user and groups. A socket
    /// that is there is replaced. Throws SystemError.
    void listen_on_socket(const std::filesystem::path& path);

    /// Switches the TLS port on, over to another one, or off. Its connections end, once what they are being
    /// answered is sent: it may be called while answering one of them. Throws SystemError or UsageError when
    /// the address cannot be listened on; what was there before is off then.
    void set_tls(const std::optional<TlsPort>& port);
    /// The port that TLS listens on; 0: off.
    std::uint16_t tls_port() const { return tls_port_; }

    /// Ends all connections and waits for their requests. An EventHub that streams is closed before.
    void stop();

    struct Figures {
        std::size_t socket_connections = 0;  // open now
        std::size_t tls_connections = 0;
        std::uint64_t accepted = 0;  // since the start
        std::uint64_t refused = 0;   // because there were too many
    };
    Figures figures() const;

  private:
    enum class Kind { socket, tls };
    struct Accepted;

    void accept_loop();
    void accept_from(int listener, Kind kind, const std::shared_ptr<const TlsContext>& tls);
    bool find_caller(Accepted& accepted);
    void serve(const Accepted& accepted);
    void serve_tls(const Accepted& accepted);
    void report(const std::exception& error) const;
    void wake();

    const ServerOptions options_;
    api::Handler& handler_;
    Fd wake_;  // an eventfd that the accepting thread waits for too
    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::uint16_t> tls_port_ = 0;

    mutable std::mutex mutex_;
    std::shared_ptr<Fd> socket_listener_;  // all guarded by mutex_
    std::shared_ptr<Fd> tls_listener_;
    std::shared_ptr<const TlsContext> tls_;
    std::map<int, Kind> connections_;  // by descriptor
    std::uint64_t accepted_ = 0;
    std::uint64_t refused_ = 0;

    WorkerPool workers_;
    std::thread acceptor_;
};

}  // namespace cairn::daemon
