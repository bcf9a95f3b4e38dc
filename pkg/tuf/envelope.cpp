#include "pkg/tuf/envelope.h"

#include <algorithm>
#include <format>
#include <set>

#include "pkg/base/error.h"
#include "pkg/tuf/canonical.h"
#include "pkg/tuf/fields.h"

namespace cairn::tuf {

Envelope parse_envelope(std::string_view text, std::string_view name) {
    const Json json = parse_json(text, name);
    const Fields fields(json, std::string(name));
    Envelope envelope = {.signed_part = fields.object("signed")};
    envelope.signed_bytes = format_canonical(envelope.signed_part);
    std::set<std::string> seen;
    for (const Json& item : fields.array("signatures")) {
        const Fields signature(item, "signature");
        envelope.signatures.push_back({.key_id = signature.text("keyid"), .value = signature.text("sig")});
        if (!seen.insert(envelope.signatures.back().key_id).second)
            fields.fail("signatures", std::format("has two of key {}", envelope.signatures.back().key_id));
    }
    return envelope;
}

std::uint64_t count_signatures(const Envelope& envelope, const Keys& keys, const RoleKeys& role) {
    std::set<std::string> signed_by;
    for (const MetadataSignature& signature : envelope.signatures) {
        if (!std::ranges::contains(role.key_ids, signature.key_id)) continue;
        const auto key = keys.find(signature.key_id);
        if (key == keys.end()) continue;
        if (is_signed(key->second, envelope.signed_bytes, signature.value))
            signed_by.insert(identity_of(key->second));
    }
    return signed_by.size();
}

void verify_signatures(const Envelope& envelope, const Keys& keys, const RoleKeys& role,
                       std::string_view what) {
    const std::uint64_t count = count_signatures(envelope, keys, role);
    if (count >= role.threshold) return;
    throw VerifyError(std::format("cannot trust {}: {} of its keys signed it, and {} must have", what, count,
                                  role.threshold));
}

std::string make_envelope(const Json& signed_part, std::span<crypto::Signer* const> signers,
                          std::vector<MetadataSignature> signatures) {
    const std::string bytes = format_canonical(signed_part);
    for (crypto::Signer* const signer : signers) {
        const std::string id = crypto::key_id(signer->public_key());
        std::erase_if(signatures, [&](const MetadataSignature& signature) { return signature.key_id == id; });
        const crypto::Signature value =
            signer->sign_bytes({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
        signatures.push_back({.key_id = id, .value = value.to_hex()});
    }
    Json list = Json::array();
    for (const MetadataSignature& signature : signatures)
        list.push_back({{"keyid", signature.key_id}, {"sig", signature.value}});
    // On one line: metadata is fetched often, and read by programs.
    return Json{{"signatures", list}, {"signed", signed_part}}.dump() + "\n";
}

}  // namespace cairn::tuf
