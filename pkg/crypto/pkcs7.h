#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pkg/crypto/rsa.h"

namespace cairn::crypto {

/// A detached PKCS#7 signature over `message` as DER: SHA-256, RSA, no certificates and no signed attributes
/// inside, so the same key and message always give the same bytes. The signer is named by issuer and serial
/// number.
std::vector<std::uint8_t> make_pkcs7_signature(std::span<const std::uint8_t> message, RsaSigner& signer,
                                               const Certificate& certificate);

/// What is appended to a kernel module to sign it, as scripts/sign-file of Linux does: the PKCS#7 signature,
/// struct module_signature, and the line "~Module signature appended~". A module that carries a signature
/// already is refused with Error: its own signature would be covered by ours.
std::vector<std::uint8_t> make_module_signature(std::span<const std::uint8_t> module, RsaSigner& signer,
                                                const Certificate& certificate);

/// How many bytes make_module_signature gives for this certificate.
std::size_t module_signature_size(const Certificate& certificate);

}  // namespace cairn::crypto
