#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "cli/device/event_stream.h"
#include "pkg/base/json.h"
#include "pkg/net/http_client.h"

namespace cairn::device {

/// The device's API as the commands use it (`installer/api/openapi.yaml`). Every refusal becomes an Error
/// with the device's own words, details and hint; a request that was wrong becomes a UsageError.
class Api {
  public:
    explicit Api(net::Server server) : client_(std::move(server)) {}

    Json get(const std::string& path);
    /// An answer that is text for people.
    std::string get_text(const std::string& path);
    /// POST, PATCH and the like; an answer without a body is null.
    Json send(const std::string& method, const std::string& path, const Json& body = Json::object());
    /// The body, piece by piece.
    void download(const std::string& path, const net::HttpClient::Sink& sink);
    /// Events as they come, until `should_stop` (asked once a second at least) or the end of the connection.
    void follow(const std::function<void(const Event&)>& take, const std::function<bool()>& should_stop);
    /// Any answer, whatever its status.
    net::HttpAnswer exchange(const net::HttpRequest& request, const net::HttpClient::Sink& sink = {});

    /// "/run/cairn/api.sock", "gate:8443".
    std::string name() const { return net::to_text(client_.server()); }

  private:
    net::HttpAnswer require_success(const net::HttpRequest& request, const net::HttpClient::Sink& sink = {});

    net::HttpClient client_;
};

/// The fingerprint that a server shows, for a person to compare. Throws NetworkError.
std::string read_fingerprint(const std::string& host, std::uint16_t port);

/// Throws what `answer` says to `request`; its status is none of 2xx.
[[noreturn]] void fail(const net::HttpRequest& request, const net::HttpAnswer& answer);

/// One word of a path or query, percent-encoded (RFC 3986, section 2.3).
std::string encode_word(std::string_view text);

}  // namespace cairn::device
