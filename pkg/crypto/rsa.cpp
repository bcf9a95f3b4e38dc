#include "pkg/crypto/rsa.h"

#include <format>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "pkg/base/error.h"
#include "pkg/crypto/openssl_handles.h"

namespace cairn::crypto {
namespace {

using Bio = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
using PublicHandle = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;

[[noreturn]] void fail(std::string_view what) {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    throw Error(
        std::format("cannot {}{}{}", what, reason == nullptr ? "" : ": ", reason == nullptr ? "" : reason));
}

PublicHandle open_public_key(const RsaPublicKey& key) {
    const unsigned char* place = key.der.data();
    PublicHandle handle(d2i_PUBKEY(nullptr, &place, static_cast<long>(key.der.size())));
    if (!handle || EVP_PKEY_get_base_id(handle.get()) != EVP_PKEY_RSA)
        fail("use the public key: it is not an RSA key");
    return handle;
}

}  // namespace

std::string RsaPublicKey::to_pem() const {
    return make_pem(PEM_STRING_PUBLIC, der);
}

RsaPublicKey parse_rsa_public_key(std::string_view pem) {
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const PublicHandle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) fail("read the RSA public key");
    return RsaPublicKey{make_der([&](unsigned char** place) { return i2d_PUBKEY(key.get(), place); })};
}

unsigned rsa_bits(const RsaPublicKey& key) {
    return static_cast<unsigned>(EVP_PKEY_get_bits(open_public_key(key).get()));
}

void verify_rsa_sha256(const RsaPublicKey& key, std::span<const std::uint8_t> message,
                       std::span<const std::uint8_t> signature, std::string_view what) {
    const PublicHandle handle = open_public_key(key);
    const DigestContext context(EVP_MD_CTX_new());
    CHECK(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, handle.get()) == 1);
    const int status =
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size());
    ERR_clear_error();
    if (status != 1) throw VerifyError(std::format("cannot trust {}: its signature is not valid", what));
}

void RsaSecretKey::FreeKey::operator()(void* key) const {
    EVP_PKEY_free(static_cast<EVP_PKEY*>(key));
}

RsaSecretKey::RsaSecretKey(void* key) : key_(key) {
    auto* handle = static_cast<EVP_PKEY*>(key);
    if (handle == nullptr || EVP_PKEY_get_base_id(handle) != EVP_PKEY_RSA)
        fail("use the secret key: it is not an RSA key");
    if (EVP_PKEY_get_bits(handle) < 2048 || EVP_PKEY_get_bits(handle) > 4096)
        fail("use the secret key: RSA keys have 2048 to 4096 bits here");
    public_.der = make_der([&](unsigned char** place) { return i2d_PUBKEY(handle, place); });
}

RsaSecretKey RsaSecretKey::generate(unsigned bits) {
    EVP_PKEY* key = EVP_RSA_gen(bits);
    if (key == nullptr) fail("make an RSA key");
    return RsaSecretKey(static_cast<void*>(key));
}

RsaSecretKey::RsaSecretKey(std::span<const std::uint8_t> pkcs8)
    : RsaSecretKey([&]() -> void* {
          const unsigned char* place = pkcs8.data();
          return d2i_AutoPrivateKey(nullptr, &place, static_cast<long>(pkcs8.size()));
      }()) {}

std::vector<std::uint8_t> RsaSecretKey::sign_sha256(std::span<const std::uint8_t> message) {
    const DigestContext context(EVP_MD_CTX_new());
    auto* key = static_cast<EVP_PKEY*>(key_.get());
    CHECK(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1);
    std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key));
    std::vector<std::uint8_t> signature(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) != 1)
        fail("sign with the RSA key");
    signature.resize(size);
    return signature;
}

SecretBytes RsaSecretKey::to_pkcs8() const {
    const std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>> info(
        EVP_PKEY2PKCS8(static_cast<EVP_PKEY*>(key_.get())));
    CHECK(info != nullptr);
    SecretBytes der(static_cast<std::size_t>(i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr)));
    unsigned char* place = der.data();
    CHECK(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &place) == static_cast<int>(der.size()));
    return der;
}

}  // namespace cairn::crypto
