#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/crypto/secret.h"

/// RSA keys and X.509 certificates (libcrypto), for what others verify: kernel, firmware, TPM policies.
namespace cairn::crypto {

/// An RSA public key as DER SubjectPublicKeyInfo.
struct RsaPublicKey {
    std::vector<std::uint8_t> der;
    std::string to_pem() const;
    bool operator==(const RsaPublicKey&) const = default;
};
RsaPublicKey parse_rsa_public_key(std::string_view pem);
/// Length of the modulus.
unsigned rsa_bits(const RsaPublicKey& key);

/// Whatever can sign with one RSA key: a key in memory, or a command that asks an HSM or a KMS.
class RsaSigner {
  public:
    virtual ~RsaSigner() = default;
    virtual const RsaPublicKey& public_key() const = 0;
    /// RSASSA-PKCS1-v1_5 with SHA-256 over `message`: deterministic.
    virtual std::vector<std::uint8_t> sign_sha256(std::span<const std::uint8_t> message) = 0;
};

/// Throws VerifyError unless `signature` is of that kind, by this key, over these bytes.
void verify_rsa_sha256(const RsaPublicKey& key, std::span<const std::uint8_t> message,
                       std::span<const std::uint8_t> signature, std::string_view what);

/// An RSA key pair in memory.
class RsaSecretKey final : public RsaSigner {
  public:
    static RsaSecretKey generate(unsigned bits);
    /// From DER PKCS#8, which is what key files hold. Throws Error when it is not an RSA key of 2048 to 4096
    /// bits.
    explicit RsaSecretKey(std::span<const std::uint8_t> pkcs8);
    const RsaPublicKey& public_key() const override { return public_; }
    std::vector<std::uint8_t> sign_sha256(std::span<const std::uint8_t> message) override;
    SecretBytes to_pkcs8() const;
    /// Borrowed EVP_PKEY, for making certificates.
    void* handle() const { return key_.get(); }

  private:
    struct FreeKey {
        void operator()(void* key) const;
    };
    explicit RsaSecretKey(void* key);
    std::unique_ptr<void, FreeKey> key_;  // EVP_PKEY
    RsaPublicKey public_;
};

/// An X.509 certificate, as DER.
struct Certificate {
    std::vector<std::uint8_t> der;
    std::string to_pem() const;
    RsaPublicKey public_key() const;
    /// DER of the issuer's name and of the serial number: by these two a PKCS#7 signature names its signer.
    std::vector<std::uint8_t> issuer_der() const;
    std::vector<std::uint8_t> serial_der() const;
    /// SHA-256 of the DER, in hexadecimal digits.
    std::string fingerprint() const;
    bool operator==(const Certificate&) const = default;
};
Certificate parse_certificate(std::string_view pem);

/// A self-signed certificate that depends on nothing but key and name: the serial number is a hash of the
/// public key and the validity is always 2020-01-01 to 2049-12-31 (kernel and firmware ignore it; a clock
/// must not matter).
Certificate make_certificate(const RsaSecretKey& key, const std::string& common_name);

}  // namespace cairn::crypto
