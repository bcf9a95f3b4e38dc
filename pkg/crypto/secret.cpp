#include "pkg/crypto/secret.h"

#include <sodium.h>

#include "pkg/base/error.h"

namespace cairn::crypto {

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
        wipe();
        bytes_ = std::move(other.bytes_);
    }
    return *this;
}

void SecretBytes::wipe() {
    sodium_memzero(bytes_.data(), bytes_.size());
}

void fill_random(std::span<std::uint8_t> bytes) {
    CHECK(sodium_init() >= 0);
    randombytes_buf(bytes.data(), bytes.size());
}

Derivation make_derivation() {
    Derivation derivation{.salt = std::vector<std::uint8_t>(Derivation::salt_size)};
    fill_random(derivation.salt);
    return derivation;
}

SecretBytes derive_key(std::string_view passphrase, const Derivation& derivation) {
    static_assert(Derivation::salt_size == crypto_pwhash_argon2id_SALTBYTES);
    const bool sensible = derivation.salt.size() == Derivation::salt_size && derivation.operations >= 1 &&
                          derivation.operations <= 16 && derivation.memory >= (std::uint64_t{8} << 20) &&
                          derivation.memory <= (std::uint64_t{1} << 30);
    if (!sensible)
        throw Error("cannot use a passphrase here: the salt or the cost of Argon2id is out of range");
    CHECK(sodium_init() >= 0);
    SecretBytes key(crypto_secretbox_KEYBYTES);
    const int status = crypto_pwhash_argon2id(key.data(), key.size(), passphrase.data(), passphrase.size(),
                                              derivation.salt.data(), derivation.operations,
                                              derivation.memory, crypto_pwhash_argon2id_ALG_ARGON2ID13);
    if (status != 0) throw Error("cannot use the passphrase: there is not enough memory for Argon2id");
    return key;
}

SealedSecret seal_secret(std::span<const std::uint8_t> secret, const SecretBytes& key) {
    CHECK(key.size() == crypto_secretbox_KEYBYTES);
    SealedSecret sealed{.nonce = std::vector<std::uint8_t>(crypto_secretbox_NONCEBYTES),
                        .box = std::vector<std::uint8_t>(secret.size() + crypto_secretbox_MACBYTES)};
    fill_random(sealed.nonce);
    CHECK(crypto_secretbox_easy(sealed.box.data(), secret.data(), secret.size(), sealed.nonce.data(),
                                key.data()) == 0);
    return sealed;
}

SecretBytes unseal_secret(const SealedSecret& sealed, const SecretBytes& key) {
    CHECK(key.size() == crypto_secretbox_KEYBYTES);
    const bool whole =
        sealed.nonce.size() == crypto_secretbox_NONCEBYTES && sealed.box.size() >= crypto_secretbox_MACBYTES;
    SecretBytes secret(whole ? sealed.box.size() - crypto_secretbox_MACBYTES : 0);
    if (!whole || crypto_secretbox_open_easy(secret.data(), sealed.box.data(), sealed.box.size(),
                                             sealed.nonce.data(), key.data()) != 0)
        throw VerifyError("cannot unlock the secret: the passphrase is wrong, or the file was changed");
    return secret;
}

}  // namespace cairn::crypto
