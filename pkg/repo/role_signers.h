#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/crypto/key_directory.h"
#include "pkg/tuf/metadata.h"

/// Whose keys sign a role, and how many of them it takes.
namespace cairn::repo {

struct RoleSigners {
    std::vector<crypto::PublicKey> keys;
    std::uint64_t threshold = 1;
};

/// By role: root, timestamp, snapshot, targets, images.
using Signers = std::map<std::string, RoleSigners>;
/// One person's keys for all roles.
Signers signers_of(const crypto::KeyDirectory& keys);

/// Puts the keys among those that are known. Throws UsageError when a key is there twice, or when the
/// threshold can never be met.
tuf::RoleKeys add_keys(tuf::Keys& known, const std::string& role, const RoleSigners& signers);

/// What is to be different.
struct SignerChange {
    std::vector<crypto::PublicKey> replacement;  // if any: these in place of all that there were
    std::vector<crypto::PublicKey> added;
    std::vector<std::string> removed;  // ids, or as much of their start as tells them apart
    std::optional<std::uint64_t> threshold;

    bool is_empty() const {
        return replacement.empty() && added.empty() && removed.empty() && !threshold.has_value();
    }
};
/// Throws UsageError for a key that is there already or is not there, and for a threshold that can never be
/// met.
tuf::RoleKeys apply(const SignerChange& change, const std::string& role, const tuf::RoleKeys& before,
                    tuf::Keys& known);

/// Takes out the keys that nobody names any more.
void drop_unused_keys(tuf::Root& root);
void drop_unused_keys(tuf::Delegations& delegations);

}  // namespace cairn::repo
