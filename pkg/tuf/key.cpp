#include "pkg/tuf/key.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"
#include "pkg/crypto/pem_key.h"
#include "pkg/tuf/canonical.h"
#include "pkg/tuf/fields.h"

namespace cairn::tuf {
namespace {

enum class Kind { ed25519, ecdsa, rsa, unknown };

Kind kind_of(const Key& key) {
    if (key.type == "ed25519" && key.scheme == "ed25519") return Kind::ed25519;
    // The type's second name is that of older writers.
    if ((key.type == "ecdsa" || key.type == "ecdsa-sha2-nistp256") && key.scheme == "ecdsa-sha2-nistp256")
        return Kind::ecdsa;
    if (key.type == "rsa" && key.scheme == "rsassa-pss-sha256") return Kind::rsa;
    return Kind::unknown;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool is_signed_with_ed25519(const Key& key, std::string_view bytes, std::span<const std::uint8_t> signature) {
    const auto value = find_hex(key.value);
    if (!value || value->size() != crypto::PublicKey::size || signature.size() != crypto::Signature::size)
        return false;
    try {
        crypto::verify_signature_bytes(
            crypto::PublicKey(std::span<const std::uint8_t, crypto::PublicKey::size>(*value)),
            bytes_of(bytes), crypto::Signature(signature.first<crypto::Signature::size>()), "metadata");
        return true;
    } catch (const VerifyError&) {
        return false;
    }
}

}  // namespace

Key make_key(const crypto::PublicKey& key) {
    return {.type = "ed25519", .scheme = "ed25519", .value = key.to_hex()};
}

Json to_json(const Key& key) {
    return {{"keytype", key.type}, {"scheme", key.scheme}, {"keyval", {{"public", key.value}}}};
}

Key parse_key(const Json& json) {
    const Fields fields(json, "key");
    return {.type = fields.text("keytype"),
            .scheme = fields.text("scheme"),
            .value = Fields(fields.object("keyval"), "keyval").text("public")};
}

std::string id_of(const Key& key) {
    return crypto::hash_sha256(format_canonical(to_json(key))).to_hex();
}

std::string identity_of(const Key& key) {
    const Kind kind = kind_of(key);
    if (kind == Kind::ed25519) return "ed25519 " + to_lower(key.value);
    if (kind == Kind::ecdsa || kind == Kind::rsa) return "pem " + crypto::der_of_pem(key.value);
    return "unknown " + format_canonical(to_json(key));
}

bool is_signed(const Key& key, std::string_view bytes, std::string_view signature) {
    const auto raw = find_hex(signature);
    if (!raw) return false;
    switch (kind_of(key)) {
        case Kind::ed25519:
            return is_signed_with_ed25519(key, bytes, *raw);
        case Kind::ecdsa:
            return crypto::is_signed_with_pem(crypto::PemScheme::ecdsa_p256_sha256, key.value,
                                              bytes_of(bytes), *raw);
        case Kind::rsa:
            return crypto::is_signed_with_pem(crypto::PemScheme::rsa_pss_sha256, key.value, bytes_of(bytes),
                                              *raw);
        case Kind::unknown:
            return false;
    }
    return false;
}

}  // namespace cairn::tuf
