#include "pkg/net/http_client.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <format>

#include "pkg/base/text.h"
#include "pkg/crypto/tls_identity.h"
#include "pkg/net/curl_setup.h"

namespace cairn::net {
namespace {

constexpr std::size_t largest_kept_body = std::size_t{64} << 20;
constexpr long connect_seconds = 10;

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

/// What libcurl's callbacks need of one exchange. Exceptions wait in it while C code is on the stack.
struct Exchange {
    const HttpRequest& request;
    const HttpClient::Sink& sink;
    HttpAnswer answer = {};
    std::exception_ptr exception = {};

    void take_header(std::string_view line);
    void take_body(std::span<const std::uint8_t> bytes);
    bool asks_to_stop();
};

void Exchange::take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // of the answer, or of a "100 Continue" before it
        const auto words = split_words(line);
        answer.status = words.size() > 1 ? std::atoi(words[1].c_str()) : 0;
        answer.headers.clear();
        return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    answer.headers[to_lower(line.substr(0, colon))] = trim(line.substr(colon + 1));
}

void Exchange::take_body(std::span<const std::uint8_t> bytes) {
    if (sink && answer.status >= 200 && answer.status < 300) return sink(bytes);
    if (answer.body.size() + bytes.size() > largest_kept_body)
        throw NetworkError(std::format("the answer to {} {} is larger than {}", request.method, request.path,
                                       format_bytes(largest_kept_body)));
    answer.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

bool Exchange::asks_to_stop() {
    if (!answer.is_stopped && request.should_stop) answer.is_stopped = request.should_stop();
    return answer.is_stopped;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    static_cast<Exchange*>(self)->take_header({data, size * count});
    return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    try {
        exchange.take_body({reinterpret_cast<const std::uint8_t*>(data), size * count});
        return exchange.asks_to_stop() ? 0 : size * count;
    } catch (...) {
        exchange.exception = std::current_exception();
        return 0;
    }
}

int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& exchange = *static_cast<Exchange*>(self);
    try {
        return exchange.asks_to_stop() ? 1 : 0;
    } catch (...) {
        exchange.exception = std::current_exception();
        return 1;
    }
}

std::string host_in_url(const std::string& host) {
    return host.contains(':') ? std::format("[{}]", host) : host;
}

/// libcurl's form of a pinned key: base64 of the hash.
std::string to_pin(const std::string& fingerprint) {
    static constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const crypto::Hash hash = crypto::parse_hash(fingerprint);
    std::string text = "sha256//";
    for (std::size_t at = 0; at < crypto::Hash::size; at += 3) {
        std::uint32_t three = 0;
        for (std::size_t i = 0; i < 3; ++i)
            three = three << 8 | (at + i < crypto::Hash::size ? hash.bytes()[at + i] : 0);
        for (const unsigned shift : {18U, 12U, 6U, 0U}) text += digits[three >> shift & 63];
    }
    text.back() = '=';  // 32 bytes leave two of the last three
    return text;
}

/// No authority is asked and no name compared: the pinned key decides, or, where none is pinned, a person.
void set_tls(void* handle) {
    set_option(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    set_option(handle, CURLOPT_SSL_VERIFYHOST, 0L);
    set_option(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_3));
    set_option(handle, CURLOPT_CERTINFO, 1L);
}

void set_address(void* handle, const Server& server, const std::string& path) {
    set_option(handle, CURLOPT_PROXY, "");
    set_option(handle, CURLOPT_NOSIGNAL, 1L);
    set_option(handle, CURLOPT_CONNECTTIMEOUT, connect_seconds);
    if (const auto* local = std::get_if<UnixServer>(&server)) {
        set_option(handle, CURLOPT_UNIX_SOCKET_PATH, local->socket.c_str());
        set_option(handle, CURLOPT_URL, ("http://localhost" + path).c_str());
        return;
    }
    const auto& remote = std::get<TlsServer>(server);
    set_option(handle, CURLOPT_URL,
               std::format("https://{}:{}{}", host_in_url(remote.host), remote.port, path).c_str());
    set_tls(handle);
}

/// Whom we talk with, and who we are.
void set_identities(void* handle, const TlsServer& server) {
    set_option(handle, CURLOPT_PINNEDPUBLICKEY, to_pin(server.fingerprint).c_str());
    if (server.certificate.empty()) return;
    set_option(handle, CURLOPT_SSLCERT, server.certificate.c_str());
    set_option(handle, CURLOPT_SSLKEY, server.key.c_str());
}

HeaderList set_request(void* handle, const HttpRequest& request) {
    HeaderList headers(curl_slist_append(nullptr, "Expect:"));  // no waiting for "100 Continue"
    CHECK(headers != nullptr);
    for (const auto& [name, value] : request.headers)
        CHECK(curl_slist_append(headers.get(), std::format("{}: {}", name, value).c_str()) != nullptr);
    set_option(handle, CURLOPT_HTTPHEADER, headers.get());
    set_option(handle, CURLOPT_USERAGENT, "cairnctl");
    set_option(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    set_option(handle, CURLOPT_PATH_AS_IS, 1L);
    set_option(handle, CURLOPT_NOPROGRESS, 0L);
    if (request.time_limit.count() > 0)
        set_option(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.time_limit.count()));
    set_option(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set_option(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.silence_limit.count()));
    if (request.body) {
        set_option(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body->size()));
        set_option(handle, CURLOPT_POSTFIELDS, request.body->c_str());
    }
    if (request.method == "HEAD")
        set_option(handle, CURLOPT_NOBODY, 1L);
    else
        set_option(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    return headers;
}

void set_callbacks(void* handle, Exchange& exchange) {
    set_option(handle, CURLOPT_HEADERFUNCTION, &on_header);
    set_option(handle, CURLOPT_HEADERDATA, &exchange);
    set_option(handle, CURLOPT_WRITEFUNCTION, &on_body);
    set_option(handle, CURLOPT_WRITEDATA, &exchange);
    set_option(handle, CURLOPT_XFERINFOFUNCTION, &on_progress);
    set_option(handle, CURLOPT_XFERINFODATA, &exchange);
}

/// Of the key that the server has shown on the last connection.
std::optional<std::string> find_shown_fingerprint(void* handle) {
    curl_certinfo* chain = nullptr;
    if (curl_easy_getinfo(handle, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain->num_of_certs < 1)
        return std::nullopt;
    for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next)
        if (const std::string_view text = line->data; text.starts_with("Cert:"))
            return crypto::key_fingerprint(text.substr(5)).to_hex();
    return std::nullopt;
}

[[noreturn]] void fail_wrong_key(void* handle, const TlsServer& server) {
    throw VerifyError(std::format("'{}' shows another key than the one it was known by", to_text(server)))
        .detail("expected", server.fingerprint)
        .detail("found", find_shown_fingerprint(handle).value_or("none"));
}

[[noreturn]] void fail(void* handle, const Server& server, CURLcode result, const std::string& text) {
    long error_number = 0;
    curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &error_number);
    const auto number = static_cast<int>(error_number);
    switch (result) {
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            fail_wrong_key(handle, std::get<TlsServer>(server));
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
            throw ConnectError(std::format("cannot reach '{}': {}", to_text(server),
                                           number != 0 ? std::strerror(number) : text),
                               number);
        case CURLE_SSL_CERTPROBLEM:
            throw Error(std::format("cannot use our own certificate: {}", text));
        default:
            throw NetworkError(std::format("the exchange with '{}' broke off: {}", to_text(server), text));
    }
}

/// The description that libcurl keeps for one call.
class ErrorText {
  public:
    explicit ErrorText(void* handle) : handle_(handle) {
        set_option(handle_, CURLOPT_ERRORBUFFER, text_.data());
    }
    ErrorText(const ErrorText&) = delete;
    ErrorText& operator=(const ErrorText&) = delete;
    ~ErrorText() { curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, nullptr); }
    std::string words(CURLcode result) const {
        return text_[0] != '\0' ? text_.data() : curl_easy_strerror(result);
    }

  private:
    void* handle_;
    std::array<char, CURL_ERROR_SIZE> text_{};
};

}  // namespace

std::string to_text(const Server& server) {
    if (const auto* local = std::get_if<UnixServer>(&server)) return local->socket.string();
    const auto& remote = std::get<TlsServer>(server);
    return std::format("{}:{}", host_in_url(remote.host), remote.port);
}

void HttpClient::CloseHandle::operator()(void* handle) const {
    curl_easy_cleanup(handle);
}

HttpClient::HttpClient(Server server) : server_(std::move(server)) {
    ensure_curl();
    handle_.reset(curl_easy_init());
    CHECK(handle_ != nullptr);
}

HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::send(const HttpRequest& request, const Sink& sink) {
    Exchange exchange{.request = request, .sink = sink};
    curl_easy_reset(handle_.get());  // keeps the connection
    set_address(handle_.get(), server_, request.path);
    if (const auto* remote = std::get_if<TlsServer>(&server_)) set_identities(handle_.get(), *remote);
    const HeaderList headers = set_request(handle_.get(), request);
    set_callbacks(handle_.get(), exchange);
    const ErrorText text(handle_.get());
    const CURLcode result = curl_easy_perform(handle_.get());
    if (exchange.exception) std::rethrow_exception(exchange.exception);
    if (result != CURLE_OK && !exchange.answer.is_stopped)
        fail(handle_.get(), server_, result, text.words(result));
    return std::move(exchange.answer);
}

std::string read_server_fingerprint(const std::string& host, std::uint16_t port,
                                    std::chrono::milliseconds time_limit) {
    ensure_curl();
    const std::unique_ptr<void, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), &curl_easy_cleanup);
    CHECK(handle != nullptr);
    const Server server = TlsServer{.host = host, .port = port};
    set_address(handle.get(), server, "/");
    set_option(handle.get(), CURLOPT_CONNECT_ONLY, 1L);
    set_option(handle.get(), CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(time_limit.count()));
    const ErrorText text(handle.get());
    const CURLcode result = curl_easy_perform(handle.get());
    const auto fingerprint = find_shown_fingerprint(handle.get());
    if (result != CURLE_OK) fail(handle.get(), server, result, text.words(result));
    if (!fingerprint) throw NetworkError(std::format("'{}' shows no certificate", to_text(server)));
    return *fingerprint;
}

}  // namespace cairn::net
