#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pkg/base/error.h"

/// Requests with methods, bodies and headers to one server that we talk with, as opposed to fetching files
/// (transport.h): no redirects, no proxies, no second tries.
namespace cairn::net {

/// A server on this machine: who it is, the file system says.
struct UnixServer {
    std::filesystem::path socket;
};

/// A server over TLS 1.3 that is known by the hash of its key alone; names, dates and authorities in
/// certificates mean nothing.
struct TlsServer {
    std::string host;
    std::uint16_t port = 0;
    std::string fingerprint = {};            // SHA-256 of its public key, 64 hexadecimal digits
    std::filesystem::path certificate = {};  // our own, in PEM; empty: none is shown
    std::filesystem::path key = {};
};

using Server = std::variant<UnixServer, TlsServer>;

/// "/run/x.sock", "host:port", "[::1]:8443".
std::string to_text(const Server& server);

/// Nobody answers there, or we are not let in.
class ConnectError : public NetworkError {
  public:
    ConnectError(std::string message, int error_number)
        : NetworkError(std::move(message)), error_number_(error_number) {}
    /// errno of the attempt; 0 when there is none.
    int error_number() const { return error_number_; }

  private:
    int error_number_;
};

struct HttpRequest {
    std::string method = "GET";
    std::string path;  // with the query, percent-encoded
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::optional<std::string> body = {};
    std::chrono::milliseconds time_limit{0};  // for the whole answer; 0: none
    std::chrono::seconds silence_limit{60};   // without a single byte, from the request on
    /// Asked at least once a second; true ends the exchange.
    std::function<bool()> should_stop = {};
};

struct HttpAnswer {
    int status = 0;
    std::map<std::string, std::string> headers = {};  // names in small letters
    std::string body = {};                            // empty where a sink has had it
    bool is_stopped = false;                          // `should_stop` said so: what came is not all
};

/// One connection after the other to one server. For one thread at a time.
class HttpClient {
  public:
    /// Takes pieces of a body as they arrive. May throw; the exchange ends and the exception reaches its
    /// caller.
    using Sink = std::function<void(std::span<const std::uint8_t>)>;

    explicit HttpClient(Server server);
    ~HttpClient();

    /// Every status is an answer. With a `sink`, the body of a 2xx goes there; other bodies, and all without
    /// one, are kept, up to 64 MiB. Throws ConnectError, NetworkError when the connection breaks or a limit
    /// is over, and VerifyError, before anything is sent, when the server has another key than the one
    /// expected; that shows both fingerprints.
    HttpAnswer send(const HttpRequest& request, const Sink& sink = {});

    const Server& server() const { return server_; }

  private:
    struct CloseHandle {
        void operator()(void* handle) const;
    };

    Server server_;
    std::unique_ptr<void, CloseHandle> handle_;  // CURL
};

/// The fingerprint of the key that a server shows, for a person to compare: it proves nothing by itself.
/// Throws ConnectError or NetworkError, also when it takes longer than `time_limit`.
std::string read_server_fingerprint(const std::string& host, std::uint16_t port,
                                    std::chrono::milliseconds time_limit = std::chrono::seconds(10));

}  // namespace cairn::net
