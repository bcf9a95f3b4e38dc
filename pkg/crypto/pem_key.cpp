#include "pkg/crypto/pem_key.h"

#include <algorithm>
#include <array>
#include <openssl/rsa.h>

#include "pkg/crypto/openssl_handles.h"

namespace cairn::crypto {
namespace {

using PublicHandle = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;

constexpr std::size_t longest_pem = 16 * 1024;

PublicHandle find_key(std::string_view pem) {
    if (pem.size() > longest_pem) return nullptr;
    const std::unique_ptr<BIO, FreeBy<BIO_free_all>> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    CHECK(bio != nullptr);
    PublicHandle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    return key;
}

bool is_on_p256(EVP_PKEY* key) {
    std::array<char, 64> name{};
    std::size_t length = 0;
    if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) != 1) return false;
    return std::string_view(name.data(), length) == "prime256v1";
}

bool is_of(PemScheme scheme, EVP_PKEY* key) {
    if (scheme == PemScheme::ecdsa_p256_sha256)
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && is_on_p256(key);
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= 2048 &&
           EVP_PKEY_get_bits(key) <= 8192;
}

bool start(DigestContext& context, PemScheme scheme, EVP_PKEY* key) {
    EVP_PKEY_CTX* options = nullptr;  // belongs to the context
    if (EVP_DigestVerifyInit(context.get(), &options, EVP_sha256(), nullptr, key) != 1) return false;
    if (scheme == PemScheme::ecdsa_p256_sha256) return true;
    return EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_AUTO) == 1;
}

}  // namespace

bool is_signed_with_pem(PemScheme scheme, std::string_view pem, std::span<const std::uint8_t> message,
                        std::span<const std::uint8_t> signature) {
    const PublicHandle key = find_key(pem);
    if (key == nullptr || !is_of(scheme, key.get())) return false;
    DigestContext context(EVP_MD_CTX_new());
    CHECK(context != nullptr);
    const bool is_valid = start(context, scheme, key.get()) &&
                          EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                           message.size()) == 1;
    ERR_clear_error();
    return is_valid;
}

std::string der_of_pem(std::string_view pem) {
    const PublicHandle key = find_key(pem);
    if (key == nullptr) return {};
    const std::vector<std::uint8_t> der =
        make_der([&](unsigned char** place) { return i2d_PUBKEY(key.get(), place); });
    return {der.begin(), der.end()};
}

}  // namespace cairn::crypto
