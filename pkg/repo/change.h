#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/repo/signing.h"
#include "pkg/tuf/envelope.h"
#include "pkg/tuf/metadata.h"

/// A change of a repository on its way: metadata that is written, and signed by some. It becomes effective
/// as a whole, once every role in it has the signatures that it needs. FORMAT.md describes its file, which
/// signers carry from one to the next.
namespace cairn::repo {

/// Keys of which a threshold must have signed.
struct SignerSet {
    std::string whose;  // for people: "its keys", "its former keys"
    tuf::Keys keys;
    tuf::RoleKeys role;
};

/// One role's next version.
struct ChangedRole {
    std::string role;
    std::uint64_t version = 0;
    Json signed_part;
    std::vector<tuf::MetadataSignature> signatures;
    std::vector<SignerSet> signers;  // all of these; a root needs the former root's too
};

struct Change {
    std::vector<ChangedRole> roles;

    const ChangedRole* find(std::string_view role) const;
};

/// What a role still needs from one of its sets of keys.
struct Missing {
    std::string role;
    std::string whose;
    std::uint64_t count = 0;  // that signed
    std::uint64_t threshold = 0;
    std::vector<std::string> open_keys;  // ids of those that have not
};
std::vector<Missing> find_missing(const Change& change);

/// Signs each role with those of its keys that are at hand and have not signed yet. Gives how many
/// signatures came.
std::size_t add_signatures(Change& change, const Signing& signing);

/// The same for somebody who was asked to sign: throws UsageError when something is missing and these keys
/// add nothing, because they are not the role's or have signed already.
void sign(Change& change, const Signing& signing);

/// Takes the signatures of `other`, which must be the same change. Throws UsageError when it is another one,
/// VerifyError for a signature that is wrong. Gives how many were new.
std::size_t take_signatures(Change& change, const Change& other);

/// Throws VerifyError for a signature that is wrong, or by a key that is none of the role's.
void check_signatures(const Change& change);

/// The role's file, with the signatures that there are.
std::string make_text(const ChangedRole& role);

// The file of a change. What it says of `signers` is for people who sign it elsewhere; a repository works
// that out anew. Parsing throws Error.
std::string format_change(const Change& change);
Change parse_change(std::string_view text, std::string_view name);

/// What will be signed, a line for each role (bins in one), for people to read before they sign.
std::vector<std::string> describe(const Change& change);

}  // namespace cairn::repo
