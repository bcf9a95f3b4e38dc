#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Signatures that others make with keys in PEM (SubjectPublicKeyInfo), by libcrypto. We only verify these.
namespace cairn::crypto {

enum class PemScheme {
    ecdsa_p256_sha256,  // FIPS 186-5 on curve P-256; the signature is DER (RFC 3279, section 2.2.3)
    rsa_pss_sha256,     // RFC 8017, section 8.1, MGF1 with SHA-256, salt of any length; keys of 2048 to 8192
                        // bits
};

/// Whether `signature` was made over these bytes with the secret half of the key. A text that is not a key of
/// that kind verifies nothing.
bool is_signed_with_pem(PemScheme scheme, std::string_view pem, std::span<const std::uint8_t> message,
                        std::span<const std::uint8_t> signature);

/// The key's DER, the same however its PEM is written; empty when the text is no key.
std::string der_of_pem(std::string_view pem);

}  // namespace cairn::crypto
