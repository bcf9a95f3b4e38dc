#include "pkg/crypto/tls_identity.h"

#include <format>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "pkg/crypto/certificate_maker.h"
#include "pkg/crypto/openssl_handles.h"

namespace cairn::crypto {
namespace {

using KeyHandle = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, FreeBy<X509_free>>;

SecretBytes secret_pem(EVP_PKEY* key) {
    const std::unique_ptr<BIO, FreeBy<BIO_free_all>> bio(BIO_new(BIO_s_secmem()));
    CHECK(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return SecretBytes(
        std::span(reinterpret_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)));
}

}  // namespace

TlsIdentity make_tls_identity(const std::string& common_name) {
    if (common_name.empty() || common_name.size() > 64)  // ub-common-name of RFC 5280
        throw UsageError(std::format("'{}' cannot be the name in a certificate", common_name))
            .hint("a name has 1 to 64 letters");
    const KeyHandle key(EVP_EC_gen("P-256"));
    CHECK(key != nullptr);
    return {.key_pem = secret_pem(key.get()),
            .certificate_pem = make_self_signed(key.get(), common_name).to_pem()};
}

Hash key_fingerprint(std::string_view certificate) {
    if (certificate.contains("-----BEGIN")) {
        const Certificate parsed = parse_certificate(certificate);
        return key_fingerprint({reinterpret_cast<const char*>(parsed.der.data()), parsed.der.size()});
    }
    const auto* place = reinterpret_cast<const unsigned char*>(certificate.data());
    const X509Handle handle(d2i_X509(nullptr, &place, static_cast<long>(certificate.size())));
    EVP_PKEY* key = handle ? X509_get0_pubkey(handle.get()) : nullptr;
    ERR_clear_error();
    if (key == nullptr) throw Error("cannot read the certificate: it is not X.509 with a known kind of key");
    return hash_sha256(make_der([&](unsigned char** out) { return i2d_PUBKEY(key, out); }));
}

}  // namespace cairn::crypto
