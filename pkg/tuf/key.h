#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "pkg/base/json.h"
#include "pkg/crypto/key.h"

namespace cairn::tuf {

/// A public key as root and delegations list it (TUF specification, section 4.3). Ed25519, ECDSA on P-256 and
/// RSA-PSS verify; a key of another kind is kept, and verifies nothing.
struct Key {
    std::string type;    // "ed25519", "ecdsa" or "rsa"
    std::string scheme;  // "ed25519", "ecdsa-sha2-nistp256" or "rsassa-pss-sha256"
    std::string value;   // hexadecimal digits (Ed25519) or PEM
    friend bool operator==(const Key&, const Key&) = default;
};

Key make_key(const crypto::PublicKey& key);
Json to_json(const Key& key);
/// Throws Error naming the field. Fields that the specification does not know are passed over.
Key parse_key(const Json& json);

/// The standard id: SHA-256, in hexadecimal digits, of the key's canonical JSON.
std::string id_of(const Key& key);

/// What tells keys apart: two ids with the same of this are one key, and count once for a threshold.
std::string identity_of(const Key& key);

/// `signature` in hexadecimal digits, as metadata has it.
bool is_signed(const Key& key, std::string_view bytes, std::string_view signature);

}  // namespace cairn::tuf
