#include "tests/unit/installer/daemon/api_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <format>
#include <netinet/in.h>
#include <openssl/ssl.h>

#include "pkg/base/error.h"

namespace cairn::daemon {
namespace {

template <class Address>
Fd connect_to(int family, const Address& address) {
    Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw SystemError("cannot connect");
    // A server that does not answer fails the test instead of stopping it.
    const timeval most{.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    return socket;
}

void use_identity(SSL_CTX* context, const crypto::TlsIdentity& identity) {
    BIO* text =
        BIO_new_mem_buf(identity.certificate_pem.data(), static_cast<int>(identity.certificate_pem.size()));
    X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    BIO_free(text);
    text = BIO_new_mem_buf(identity.key_pem.data(), static_cast<int>(identity.key_pem.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(text, nullptr, nullptr, nullptr);
    BIO_free(text);
    CHECK(SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

}  // namespace

void ApiClient::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

ApiClient::ApiClient(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
    socket_ = connect_to(AF_UNIX, address);
}

ApiClient::ApiClient(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket_ = connect_to(AF_INET, address);
}

ApiClient::ApiClient(std::uint16_t port, const crypto::TlsIdentity* identity, Tls tls) : ApiClient(port) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (tls == Tls::only_1_2) SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    if (identity) use_identity(context, *identity);
    ssl_.reset(SSL_new(context));
    SSL_CTX_free(context);
    SSL_set_fd(ssl_.get(), socket_.get());
    if (SSL_connect(ssl_.get()) != 1) throw Error("the TLS handshake failed");
}

ApiClient::~ApiClient() = default;

void ApiClient::send(std::string_view bytes) {
    if (ssl_) {
        SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
        return;
    }
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;  // the server has ended the connection: its answer is what counts
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

bool ApiClient::fill() {
    std::array<char, 16384> bytes;
    const long got = ssl_ ? SSL_read(ssl_.get(), bytes.data(), bytes.size())
                          : recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got > 0) received_.append(bytes.data(), static_cast<std::size_t>(got));
    return got > 0;
}

std::string ApiClient::read_until(std::string_view end) {
    std::size_t place;
    while ((place = received_.find(end)) == std::string::npos)
        if (!fill()) return {};
    return take(place + end.size());
}

std::string ApiClient::take(std::size_t size) {
    while (received_.size() < size)
        if (!fill()) return {};
    const std::string taken = received_.substr(0, size);
    received_.erase(0, size);
    return taken;
}

bool ApiClient::is_ended() {
    return received_.empty() && !fill();
}

Reply ApiClient::receive(bool has_body) {
    Reply reply;
    const std::string head = read_until("\r\n\r\n");
    if (head.empty()) return reply;
    reply.status = std::stoi(head.substr(head.find(' ')));
    for (std::size_t start = head.find("\r\n") + 2, end; (end = head.find("\r\n", start)) > start;
         start = end + 2) {
        const std::string line = head.substr(start, end - start);
        std::string name = line.substr(0, line.find(':'));
        std::ranges::transform(name, name.begin(), [](unsigned char letter) { return std::tolower(letter); });
        reply.headers[name] = line.substr(line.find(':') + 2);
    }
    if (!has_body || reply.status == 100) return reply;
    if (reply.headers.contains("transfer-encoding")) {
        while (const unsigned long size = std::stoul("0" + read_until("\r\n"), nullptr, 16))
            reply.body += take(size + 2).substr(0, size);
        take(2);
    } else if (reply.headers.contains("content-length")) {
        reply.body = take(std::stoul(reply.headers["content-length"]));
    }
    return reply;
}

Reply ApiClient::ask(const std::string& method, const std::string& path, const std::string& headers,
                     const std::string& body) {
    const std::string length = body.empty() ? "" : std::format("Content-Length: {}\r\n", body.size());
    send(std::format("{} {} HTTP/1.1\r\nHost: device\r\n{}{}\r\n{}", method, path, headers, length, body));
    return receive(method != "HEAD");
}

crypto::Hash ApiClient::server_key() const {
    X509* certificate = SSL_get1_peer_certificate(ssl_.get());
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate, &der);
    const crypto::Hash key =
        crypto::key_fingerprint({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    X509_free(certificate);
    return key;
}

}  // namespace cairn::daemon
