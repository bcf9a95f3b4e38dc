#pragma once

#include <string>
#include <string_view>

#include "pkg/crypto/hash.h"
#include "pkg/crypto/secret.h"

/// Who is who over TLS where no authority signs certificates: each side knows the other's public key by its
/// hash, and the certificate only carries the key.
namespace cairn::crypto {

/// A key of curve P-256 (every browser and TLS library has it) with a self-signed certificate.
struct TlsIdentity {
    SecretBytes key_pem;  // PKCS#8, "BEGIN PRIVATE KEY"
    std::string certificate_pem;
};

/// A fresh key. The certificate is valid from 2020 to 2049 whatever the clock says, and its name is for
/// people: nobody trusts it. Throws UsageError when `common_name` has more than 64 letters or none.
TlsIdentity make_tls_identity(const std::string& common_name);

/// SHA-256 of the key's SubjectPublicKeyInfo, of a certificate in PEM or in DER: what HTTP public key pinning
/// (RFC 7469, section 2.4) calls its fingerprint. Throws Error when that is no certificate.
Hash key_fingerprint(std::string_view certificate);

}  // namespace cairn::crypto
