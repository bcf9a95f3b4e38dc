#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pkg/base/error.h"
#include "pkg/crypto/certificate_maker.h"
#include "pkg/crypto/hash.h"
#include "pkg/crypto/openssl_handles.h"
#include "pkg/crypto/rsa.h"

namespace cairn::crypto {
namespace {

using X509Handle = std::unique_ptr<X509, FreeBy<X509_free>>;

X509Handle open_certificate(const Certificate& certificate) {
    const unsigned char* place = certificate.der.data();
    X509Handle handle(d2i_X509(nullptr, &place, static_cast<long>(certificate.der.size())));
    ERR_clear_error();
    if (!handle) throw Error("cannot read the certificate: it is not X.509 in DER");
    return handle;
}

/// 16 bytes of the public key's hash: positive, and never zero at the front, so that its length is fixed.
void set_serial(X509* certificate, EVP_PKEY* key) {
    const Hash hash = hash_sha256(make_der([&](unsigned char** place) { return i2d_PUBKEY(key, place); }));
    std::array<std::uint8_t, 16> bytes;
    std::copy_n(hash.bytes().begin(), bytes.size(), bytes.begin());
    bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);
    const std::unique_ptr<BIGNUM, FreeBy<BN_free>> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
    CHECK(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

void add_extension(X509* certificate, int id, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, id, value));
    CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

}  // namespace

Certificate make_self_signed(EVP_PKEY* key, const std::string& common_name) {
    const X509Handle certificate(X509_new());
    CHECK(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    set_serial(certificate.get(), key);
    CHECK(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), "20200101000000Z") == 1);
    CHECK(ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), "20491231235959Z") == 1);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(common_name.data()),
                                     static_cast<int>(common_name.size()), -1, 0) == 1);
    CHECK(X509_set_issuer_name(certificate.get(), name) == 1);
    CHECK(X509_set_pubkey(certificate.get(), key) == 1);
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate.get(), NID_key_usage, "digitalSignature");
    add_extension(certificate.get(), NID_subject_key_identifier, "hash");
    CHECK(X509_sign(certificate.get(), key, EVP_sha256()) > 0);
    return Certificate{make_der([&](unsigned char** place) { return i2d_X509(certificate.get(), place); })};
}

Certificate make_certificate(const RsaSecretKey& key, const std::string& common_name) {
    return make_self_signed(static_cast<EVP_PKEY*>(key.handle()), common_name);
}

Certificate parse_certificate(std::string_view pem) {
    const std::unique_ptr<BIO, FreeBy<BIO_free_all>> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const X509Handle certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    if (!certificate) throw Error("cannot read the certificate: it is not X.509 in PEM");
    return Certificate{make_der([&](unsigned char** place) { return i2d_X509(certificate.get(), place); })};
}

std::string Certificate::to_pem() const {
    return make_pem(PEM_STRING_X509, der);
}

RsaPublicKey Certificate::public_key() const {
    const X509Handle certificate = open_certificate(*this);
    EVP_PKEY* key = X509_get0_pubkey(certificate.get());
    if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        throw Error("the certificate has no RSA key");
    return RsaPublicKey{make_der([&](unsigned char** place) { return i2d_PUBKEY(key, place); })};
}

std::vector<std::uint8_t> Certificate::issuer_der() const {
    const X509Handle certificate = open_certificate(*this);
    return make_der(
        [&](unsigned char** place) { return i2d_X509_NAME(X509_get_issuer_name(certificate.get()), place); });
}

std::vector<std::uint8_t> Certificate::serial_der() const {
    const X509Handle certificate = open_certificate(*this);
    return make_der([&](unsigned char** place) {
        return i2d_ASN1_INTEGER(X509_get_serialNumber(certificate.get()), place);
    });
}

std::string Certificate::fingerprint() const {
    return hash_sha256(der).to_hex();
}

}  // namespace cairn::crypto
