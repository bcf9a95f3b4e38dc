#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "pkg/base/fd.h"
#include "pkg/crypto/tls_identity.h"

struct ssl_st;

namespace cairn::daemon {

struct Reply {
    int status = 0;                              // 0: the connection ended before there was an answer
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

/// One connection to a server under test that sends whatever bytes it is told to.
class ApiClient {
  public:
    explicit ApiClient(const std::filesystem::path& socket);
    /// To a port of this machine, without TLS.
    explicit ApiClient(std::uint16_t port);
    enum class Tls { only_1_2, newest };
    /// With a client certificate, or without when null. Throws Error when the handshake fails.
    ApiClient(std::uint16_t port, const crypto::TlsIdentity* identity, Tls tls = Tls::newest);
    ~ApiClient();
    ApiClient(const ApiClient&) = delete;
    ApiClient& operator=(const ApiClient&) = delete;

    void send(std::string_view bytes);
    /// The next answer, which has no body when it answers HEAD.
    Reply receive(bool has_body = true);
    /// `headers`: whole lines.
    Reply ask(const std::string& method, const std::string& path, const std::string& headers = "",
              const std::string& body = "");
    Reply get(const std::string& path) { return ask("GET", path); }
    Reply post(const std::string& path, const std::string& body) {
        return ask("POST", path, "Content-Type: application/json\r\n", body);
    }

    /// Up to and with `end`; empty when the connection ended before.
    std::string read_until(std::string_view end);
    /// True when the server has ended the connection; waits for it.
    bool is_ended();
    /// SHA-256 of the server's key.
    crypto::Hash server_key() const;

  private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    bool fill();
    std::string take(std::size_t size);

    Fd socket_;
    std::unique_ptr<ssl_st, Free> ssl_;
    std::string received_;
};

}  // namespace cairn::daemon
