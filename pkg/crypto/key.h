#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "pkg/crypto/secret.h"

/// Ed25519 keys and signatures (libsodium).
///
/// Everything of our own is signed domain-separated: the signed bytes are "cairn 1 <purpose>\n" and then the
/// message, so that a signature made for one purpose is worthless for every other. Formats of others (TUF
/// metadata) are signed as they are.
namespace cairn::crypto {

/// Fixed-size public bytes, comparable and printable; `Tag` keeps kinds apart.
template <std::size_t Size, class Tag>
class PublicBytes {
  public:
    static constexpr std::size_t size = Size;
    PublicBytes() = default;
    explicit PublicBytes(std::span<const std::uint8_t, Size> bytes) {
        std::memcpy(bytes_.data(), bytes.data(), Size);
    }
    std::span<const std::uint8_t, Size> bytes() const { return bytes_; }
    std::string to_hex() const;
    auto operator<=>(const PublicBytes&) const = default;

  private:
    std::array<std::uint8_t, Size> bytes_{};
};

using PublicKey = PublicBytes<32, struct PublicKeyTag>;
using Signature = PublicBytes<64, struct SignatureTag>;

/// Throw Error unless the text is exactly that many bytes in hexadecimal digits.
PublicKey parse_public_key(std::string_view hex);
Signature parse_signature(std::string_view hex);

/// The standard key id of TUF: SHA-256, in hexadecimal digits, of the key's canonical JSON. We use it
/// everywhere.
std::string key_id(const PublicKey& key);

/// Whatever can sign with one Ed25519 key: a key in memory, or a command that asks an HSM or a KMS.
class Signer {
  public:
    virtual ~Signer() = default;
    virtual const PublicKey& public_key() const = 0;
    /// Signs the bytes as they are; `sign` below is what everything of our own uses.
    virtual Signature sign_bytes(std::span<const std::uint8_t> bytes) = 0;
};

/// A key pair in memory; the secret half is wiped when destroyed.
class SecretKey final : public Signer {
  public:
    static SecretKey generate();
    /// From the 32 bytes of the seed, which is what key files hold.
    explicit SecretKey(std::span<const std::uint8_t, 32> seed);
    const PublicKey& public_key() const override { return public_; }
    Signature sign_bytes(std::span<const std::uint8_t> bytes) override;
    SecretBytes seed() const;

  private:
    PublicKey public_;
    SecretBytes secret_;
};

/// Signs `message` for one purpose, a word like "package-head".
Signature sign(Signer& signer, std::string_view purpose, std::span<const std::uint8_t> message);

/// Throw VerifyError unless `signature` was made with `key` for these very bytes (and this purpose). Weak
/// keys and non-canonical signatures are refused. `what` names the signed thing in the message.
void verify_signature(const PublicKey& key, std::string_view purpose, std::span<const std::uint8_t> message,
                      const Signature& signature, std::string_view what);
void verify_signature_bytes(const PublicKey& key, std::span<const std::uint8_t> bytes,
                            const Signature& signature, std::string_view what);

}  // namespace cairn::crypto
