#include "installer/daemon/tls.h"

#include <poll.h>

#include <algorithm>
#include <climits>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <vector>

#include "pkg/base/error.h"

namespace cairn::daemon {
namespace {

int accept_any_certificate(X509_STORE_CTX* /*store*/, void* /*none*/) {
    return 1;
}

struct FreeBio {
    void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Bio open_text(const void* text, std::size_t size) {
    Bio bio(BIO_new_mem_buf(text, static_cast<int>(size)));
    CHECK(bio != nullptr);
    return bio;
}

bool use_identity(SSL_CTX* context, const crypto::TlsIdentity& identity) {
    const Bio certificate_text = open_text(identity.certificate_pem.data(), identity.certificate_pem.size());
    const std::unique_ptr<X509, decltype([](X509* one) { X509_free(one); })> certificate(
        PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
    const Bio key_text = open_text(identity.key_pem.data(), identity.key_pem.size());
    const std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* one) { EVP_PKEY_free(one); })> key(
        PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
    return certificate && key && SSL_CTX_use_certificate(context, certificate.get()) == 1 &&
           SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const {
    SSL_CTX_free(context);
}

TlsContext::TlsContext(const crypto::TlsIdentity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX* context = context_.get();
    CHECK(context != nullptr);
    CHECK(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_max_cert_list(context, 16 << 10);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context, accept_any_certificate, nullptr);
    const bool is_usable = use_identity(context, identity);
    ERR_clear_error();
    if (!is_usable) throw VerifyError("the TLS identity is not a certificate with its key");
}

void TlsConnection::Free::operator()(ssl_st* ssl) const {
    SSL_free(ssl);
}

TlsConnection::TlsConnection(int socket, const TlsContext& context)
    : socket_(socket), ssl_(SSL_new(context.handle())) {
    make_nonblocking(socket_);
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket_) != 1) throw Error("cannot set up a TLS connection");
    SSL_set_accept_state(ssl_.get());
}

TlsConnection::~TlsConnection() = default;

/// After a call that did not succeed: true when it is to be made again.
bool TlsConnection::wait_as_wanted(int result, TimePoint deadline) {
    const int error = SSL_get_error(ssl_.get(), result);
    ERR_clear_error();
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        state_ = State::over;
        return false;
    }
    if (wait_for_socket(socket_, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) return true;
    state_ = State::late;
    return false;
}

bool TlsConnection::shake_hands(TimePoint deadline) {
    for (;;) {
        const int result = SSL_do_handshake(ssl_.get());
        if (result == 1) return true;
        if (!wait_as_wanted(result, deadline)) return false;
    }
}

std::optional<crypto::Hash> TlsConnection::find_client_key() const {
    const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr) return std::nullopt;
    std::uint8_t* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    ERR_clear_error();
    if (size <= 0) return std::nullopt;
    const crypto::Hash key =
        crypto::hash_sha256(std::span<const std::uint8_t>(der, static_cast<std::size_t>(size)));
    OPENSSL_free(der);
    return key;
}

std::size_t TlsConnection::read(std::span<char> bytes, TimePoint deadline) {
    for (;;) {
        const int result = SSL_read(ssl_.get(), bytes.data(),
                                    static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
        if (result > 0) return static_cast<std::size_t>(result);
        if (!wait_as_wanted(result, deadline)) return 0;
    }
}

bool TlsConnection::write(std::string_view bytes, TimePoint deadline) {
    while (!bytes.empty()) {
        const int result = SSL_write(ssl_.get(), bytes.data(),
                                     static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
        if (result > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(result));
        } else if (!wait_as_wanted(result, deadline)) {
            return false;
        }
    }
    return true;
}

void TlsConnection::finish(TimePoint deadline) {
    if (state_ != State::over) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    drain_socket(socket_, deadline);
}

}  // namespace cairn::daemon
