#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "pkg/base/fd.h"
#include "pkg/crypto/tls_identity.h"

namespace cairn::support {

struct ApiRequest {
    std::string method;
    std::string path;                            // with the query
    std::map<std::string, std::string> headers;  // names in small letters
    std::string body;
    std::string client;  // fingerprint of the client's key; empty without a certificate
};

/// An HTTP server on a Unix socket or, with an identity, over TLS on a free port of the loopback interface;
/// each connection serves one request. Takes every client certificate and says whose it is, as cairnd does.
class ApiServer {
  public:
    using Send = std::function<bool(std::string_view bytes)>;  // false: the client is gone
    using Handler = std::function<void(const ApiRequest& request, const Send& send)>;

    ApiServer(const std::filesystem::path& socket, Handler handler);
    ApiServer(const crypto::TlsIdentity& identity, Handler handler);
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;
    ~ApiServer();

    std::uint16_t port() const { return port_; }
    /// "PATCH /settings?tx=x {…}", in order of arrival.
    std::vector<std::string> requests() const;

  private:
    void accept_connections();
    void serve(int connection);

    Handler handler_;
    Fd listener_;
    void* context_ = nullptr;  // SSL_CTX; null on a Unix socket
    std::uint16_t port_ = 0;
    std::atomic<bool> is_stopping_ = false;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;     // guarded by mutex_
    std::vector<std::thread> connections_;  // touched by acceptor_ only
    std::thread acceptor_;
};

/// A whole answer as it goes over the wire.
std::string http_answer(int status, std::string_view content_type, std::string_view body);

}  // namespace cairn::support
