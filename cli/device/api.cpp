#include "cli/device/api.h"

#include <cctype>
#include <cerrno>
#include <format>

#include "cli/device/fields.h"
#include "pkg/base/error.h"

namespace cairn::device {
namespace {

/// Refreshing asks a repository far away, and services take their time to restart.
constexpr std::chrono::minutes answer_limit{5};
/// Comments come every 15 seconds on a stream of events.
constexpr std::chrono::seconds event_silence{50};

std::string hint_for_silence(const net::Server& server, int error_number) {
    const bool is_local = std::holds_alternative<net::UnixServer>(server);
    if (is_local && error_number == EACCES)
        return "root may, and members of the groups cairn-reader, cairn-operator and cairn-admin";
    if (is_local && error_number == ENOENT)
        return "on a device: is 'cairnd' running? for a device elsewhere: --host NAME, after 'cairnctl pair "
               "NAME'";
    if (is_local) return "'cairnd' is not running; its log is /var/log/cairnd/current";
    return "is it switched on, and is the API's TLS port? on the device: cairnctl settings set --apply "
           "api.tls_enabled=true";
}

std::string hint_for_status(int status) {
    switch (status) {
        case 401:
            return "this machine was not admitted, or is no longer: 'cairnctl pair NAME' prints the command "
                   "that admits it";
        case 403:
            return "an administrator of the device can do it, or give a higher role";
        case 404:
        case 405:
            return "the device may be older or newer than this 'cairnctl': 'cairnctl os' shows its version";
        case 423:
            return "try again when it has ended; 'cairnctl status' shows what is under way";
        case 503:
            return "too much at once: try again in a moment";
        default:
            return "";
    }
}

template <class Failure>
[[noreturn]] void throw_as(const Json& error, const net::HttpRequest& request,
                           const net::HttpAnswer& answer) {
    const std::string message = text_of(error, "message");
    Failure failure(message.empty() ? std::format("the device answered {} to {} {}", answer.status,
                                                  request.method, request.path)
                                    : message);
    for (const auto& [name, value] : object_of(error, "details").items())
        failure.detail(name, value.is_string() ? value.template get<std::string>() : value.dump());
    for (const Json& violation : list_of(error, "violations"))
        failure.detail(text_of(violation, "path"),
                       std::format("{}{}{}; allowed: {}", text_of(violation, "value"),
                                   text_of(violation, "value").empty() ? "" : " ", text_of(violation, "why"),
                                   text_of(violation, "allowed")));
    for (const Json& line : list_of(error, "context"))
        if (line.is_string()) failure.add_context(line.template get<std::string>());
    const std::string hint = text_of(error, "hint");
    failure.hint(hint.empty() ? hint_for_status(answer.status) : hint);
    throw failure;
}

}  // namespace

void fail(const net::HttpRequest& request, const net::HttpAnswer& answer) {
    const bool is_json = answer.body.starts_with('{');
    const Json document = is_json ? parse_json(answer.body, "the device's answer") : Json::object();
    const Json& error = object_of(document, "error");
    if (answer.status == 400) throw_as<UsageError>(error, request, answer);
    throw_as<Error>(error, request, answer);
}

std::string encode_word(std::string_view text) {
    std::string encoded;
    for (const char letter : text) {
        const bool is_plain =
            (letter & 0x80) == 0 && (std::isalnum(letter) != 0 || std::string_view("-._~").contains(letter));
        encoded +=
            is_plain ? std::string(1, letter) : std::format("%{:02X}", static_cast<unsigned char>(letter));
    }
    return encoded;
}

std::string read_fingerprint(const std::string& host, std::uint16_t port) {
    try {
        return net::read_server_fingerprint(host, port);
    } catch (net::ConnectError& error) {
        error.hint(hint_for_silence(net::TlsServer{.host = host, .port = port}, error.error_number()));
        throw;
    }
}

net::HttpAnswer Api::exchange(const net::HttpRequest& request, const net::HttpClient::Sink& sink) {
    try {
        return client_.send(request, sink);
    } catch (net::ConnectError& error) {
        error.hint(hint_for_silence(client_.server(), error.error_number()));
        throw;
    } catch (VerifyError& error) {
        error.hint(
            "the device was reset or replaced, or somebody stands between: compare with the fingerprint on "
            "its console; when that is the one found, pair again");
        throw;
    }
}

net::HttpAnswer Api::require_success(const net::HttpRequest& request, const net::HttpClient::Sink& sink) {
    net::HttpAnswer answer = exchange(request, sink);
    if (answer.status < 200 || answer.status > 299) fail(request, answer);
    return answer;
}

Json Api::get(const std::string& path) {
    return parse_json(require_success({.path = path, .time_limit = answer_limit}).body,
                      std::format("the device's answer to GET {}", path));
}

std::string Api::get_text(const std::string& path) {
    return require_success({.path = path, .time_limit = answer_limit}).body;
}

Json Api::send(const std::string& method, const std::string& path, const Json& body) {
    const net::HttpAnswer answer =
        require_success({.method = method,
                         .path = path,
                         .headers = {{"Content-Type", "application/json"}},
                         .body = body.dump(),
                         .time_limit = answer_limit,
                         .silence_limit = std::chrono::duration_cast<std::chrono::seconds>(answer_limit)});
    return answer.body.empty()
               ? Json()
               : parse_json(answer.body, std::format("the device's answer to {} {}", method, path));
}

void Api::download(const std::string& path, const net::HttpClient::Sink& sink) {
    require_success({.path = path}, sink);
}

void Api::follow(const std::function<void(const Event&)>& take, const std::function<bool()>& should_stop) {
    EventStream stream(take);
    require_success({.path = "/events", .silence_limit = event_silence, .should_stop = should_stop},
                    [&](std::span<const std::uint8_t> bytes) {
                        stream.feed({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
                    });
}

}  // namespace cairn::device
