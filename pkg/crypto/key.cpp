#include "pkg/crypto/key.h"

#include <sodium.h>

#include <format>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"

namespace cairn::crypto {
namespace {

template <class Bytes>
Bytes parse_bytes(std::string_view hex, std::string_view kind) {
    const auto bytes = find_hex(hex);
    if (!bytes || bytes->size() != Bytes::size)
        throw Error(
            std::format("'{}' is not {}: {} hexadecimal digits are expected", hex, kind, 2 * Bytes::size));
    return Bytes(std::span<const std::uint8_t, Bytes::size>(*bytes));
}

/// The bytes that are really signed: the domain first, so that no message can be taken for one of another
/// purpose.
std::vector<std::uint8_t> make_signed_bytes(std::string_view purpose, std::span<const std::uint8_t> message) {
    CHECK(!purpose.empty() && !purpose.contains('\n'));
    const std::string domain = std::format("cairn 1 {}\n", purpose);
    std::vector<std::uint8_t> bytes(domain.begin(), domain.end());
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
}

}  // namespace

template <std::size_t Size, class Tag>
std::string PublicBytes<Size, Tag>::to_hex() const {
    return cairn::to_hex(bytes_);
}
template class PublicBytes<32, PublicKeyTag>;
template class PublicBytes<64, SignatureTag>;

PublicKey parse_public_key(std::string_view hex) {
    return parse_bytes<PublicKey>(hex, "a public key");
}

Signature parse_signature(std::string_view hex) {
    return parse_bytes<Signature>(hex, "a signature");
}

std::string key_id(const PublicKey& key) {
    const std::string canonical =
        std::format(R"({{"keytype":"ed25519","keyval":{{"public":"{}"}},"scheme":"ed25519"}})", key.to_hex());
    return hash_sha256(canonical).to_hex();
}

SecretKey SecretKey::generate() {
    std::array<std::uint8_t, 32> seed;
    fill_random(seed);
    SecretKey key(seed);
    sodium_memzero(seed.data(), seed.size());
    return key;
}

SecretKey::SecretKey(std::span<const std::uint8_t, 32> seed) : secret_(crypto_sign_SECRETKEYBYTES) {
    std::array<std::uint8_t, PublicKey::size> public_bytes;
    CHECK(crypto_sign_seed_keypair(public_bytes.data(), secret_.data(), seed.data()) == 0);
    public_ = PublicKey(public_bytes);
}

Signature SecretKey::sign_bytes(std::span<const std::uint8_t> bytes) {
    std::array<std::uint8_t, Signature::size> signature;
    CHECK(crypto_sign_detached(signature.data(), nullptr, bytes.data(), bytes.size(), secret_.data()) == 0);
    return Signature(signature);
}

SecretBytes SecretKey::seed() const {
    SecretBytes seed(crypto_sign_SEEDBYTES);
    CHECK(crypto_sign_ed25519_sk_to_seed(seed.data(), secret_.data()) == 0);
    return seed;
}

Signature sign(Signer& signer, std::string_view purpose, std::span<const std::uint8_t> message) {
    return signer.sign_bytes(make_signed_bytes(purpose, message));
}

void verify_signature(const PublicKey& key, std::string_view purpose, std::span<const std::uint8_t> message,
                      const Signature& signature, std::string_view what) {
    verify_signature_bytes(key, make_signed_bytes(purpose, message), signature, what);
}

void verify_signature_bytes(const PublicKey& key, std::span<const std::uint8_t> bytes,
                            const Signature& signature, std::string_view what) {
    if (crypto_sign_verify_detached(signature.bytes().data(), bytes.data(), bytes.size(),
                                    key.bytes().data()) != 0)
        throw VerifyError(std::format("cannot trust {}: its signature is not valid", what))
            .detail("key", key.to_hex());
}

}  // namespace cairn::crypto
