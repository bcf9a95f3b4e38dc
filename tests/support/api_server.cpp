#include "tests/support/api_server.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <cstring>
#include <format>
#include <functional>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::support {
namespace {

/// One connection, with or without TLS.
struct Wire {
    std::function<long(char* place, std::size_t size)> receive;
    std::function<long(const char* data, std::size_t size)> send;
    std::string client = {};
};

/// False when the client goes away before it has said everything.
bool receive_request(const Wire& wire, ApiRequest& request) {
    std::string head;
    char letter = 0;
    while (!head.ends_with("\r\n\r\n")) {
        if (wire.receive(&letter, 1) != 1) return false;
        head += letter;
    }
    const auto lines = split(head, '\n');
    const auto words = split_words(lines.front());
    CHECK(words.size() == 3);
    request.method = words[0];
    request.path = words[1];
    for (const std::string& line : lines)
        if (const auto colon = line.find(": "); colon != std::string::npos)
            request.headers[to_lower(line.substr(0, colon))] = trim(line.substr(colon + 2));
    const auto length = request.headers.find("content-length");
    request.body.resize(length == request.headers.end() ? 0 : std::stoul(length->second));
    for (std::size_t done = 0; done < request.body.size();) {
        const long count = wire.receive(request.body.data() + done, request.body.size() - done);
        if (count <= 0) return false;
        done += static_cast<std::size_t>(count);
    }
    return true;
}

bool send_all(const Wire& wire, std::string_view bytes) {
    while (!bytes.empty()) {
        const long count = wire.send(bytes.data(), bytes.size());
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

Fd listen_at(const sockaddr* address, socklen_t size) {
    Fd listener(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::bind(listener.get(), address, size) != 0 || ::listen(listener.get(), 16) != 0)
        throw SystemError("cannot listen for the test");
    return listener;
}

void* make_context(const crypto::TlsIdentity& identity) {
    ::signal(SIGPIPE, SIG_IGN);  // of clients that leave in the middle of the handshake
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    const auto key_bytes = identity.key_pem.span();
    BIO* key_bio = BIO_new_mem_buf(key_bytes.data(), static_cast<int>(key_bytes.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
    const std::string& pem = identity.certificate_pem;
    BIO* certificate_bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    X509* certificate = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
    CHECK(SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    BIO_free(key_bio);
    BIO_free(certificate_bio);
    EVP_PKEY_free(key);
    X509_free(certificate);
    return context;
}

std::string fingerprint_of_peer(SSL* tls) {
    X509* certificate = SSL_get1_peer_certificate(tls);
    if (certificate == nullptr) return "";
    std::string der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)), '\0');
    auto* place = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(certificate, &place);
    X509_free(certificate);
    return crypto::key_fingerprint(der).to_hex();
}

}  // namespace

ApiServer::ApiServer(const std::filesystem::path& socket, Handler handler) : handler_(std::move(handler)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    CHECK(socket.string().size() < sizeof address.sun_path);
    std::strcpy(address.sun_path, socket.c_str());
    listener_ = listen_at(reinterpret_cast<sockaddr*>(&address), sizeof address);
    acceptor_ = std::thread([this] { accept_connections(); });
}

ApiServer::ApiServer(const crypto::TlsIdentity& identity, Handler handler)
    : handler_(std::move(handler)), context_(make_context(identity)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    listener_ = listen_at(reinterpret_cast<sockaddr*>(&address), size);
    CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_connections(); });
}

ApiServer::~ApiServer() {
    is_stopping_ = true;
    acceptor_.join();
    SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

std::vector<std::string> ApiServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void ApiServer::accept_connections() {
    while (!is_stopping_) {
        pollfd waiting{listener_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, 20) <= 0) continue;
        const int connection = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) continue;
        connections_.emplace_back([this, connection] {
            const Fd owner(connection);
            serve(connection);
        });
    }
    for (std::thread& connection : connections_) connection.join();
}

void ApiServer::serve(int connection) {
    SSL* tls = nullptr;
    Wire wire{.receive = [&](char* place, std::size_t size) { return ::recv(connection, place, size, 0); },
              .send = [&](const char* data,
                          std::size_t size) { return ::send(connection, data, size, MSG_NOSIGNAL); }};
    if (context_ != nullptr) {
        tls = SSL_new(static_cast<SSL_CTX*>(context_));
        SSL_set_fd(tls, connection);
        wire.receive = [&](char* place, std::size_t size) {
            return SSL_read(tls, place, static_cast<int>(size));
        };
        wire.send = [&](const char* data, std::size_t size) {
            return SSL_write(tls, data, static_cast<int>(size));
        };
    }
    ApiRequest request;
    if ((tls == nullptr || SSL_accept(tls) == 1) && receive_request(wire, request)) {
        if (tls != nullptr) request.client = fingerprint_of_peer(tls);
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(std::format("{} {}{}{}", request.method, request.path,
                                            request.body.empty() ? "" : " ", request.body));
        }
        handler_(request, [&](std::string_view bytes) { return !is_stopping_ && send_all(wire, bytes); });
    }
    if (tls != nullptr) SSL_shutdown(tls);
    SSL_free(tls);
}

std::string http_answer(int status, std::string_view content_type, std::string_view body) {
    return std::format(
        "HTTP/1.1 {} x\r\nConnection: close\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", status,
        content_type, body.size(), body);
}

}  // namespace cairn::support
