#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/crypto/key.h"
#include "pkg/tuf/metadata.h"

namespace cairn::tuf {

struct MetadataSignature {
    std::string key_id;
    std::string value;  // hexadecimal digits
};

/// A metadata file: what is signed, and the signatures (TUF specification, section 4.2). Nothing in it is
/// believed yet.
struct Envelope {
    Json signed_part;
    std::string signed_bytes;  // its canonical form: what the signatures are made over
    std::vector<MetadataSignature> signatures;
};

/// Reads one file. Throws Error for what is not an envelope, and for two signatures under one key id.
Envelope parse_envelope(std::string_view text, std::string_view name);

/// How many of the role's keys have signed. Each key counts once, under however many ids it is listed.
std::uint64_t count_signatures(const Envelope& envelope, const Keys& keys, const RoleKeys& role);

/// Throws VerifyError unless as many keys as the role's threshold have signed.
void verify_signatures(const Envelope& envelope, const Keys& keys, const RoleKeys& role,
                       std::string_view what);

/// A new file's text, signed by all of these; the keys of other ids in `signatures` stay.
std::string make_envelope(const Json& signed_part, std::span<crypto::Signer* const> signers,
                          std::vector<MetadataSignature> signatures = {});

}  // namespace cairn::tuf
