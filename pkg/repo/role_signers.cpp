#include "pkg/repo/role_signers.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"

namespace cairn::repo {
namespace {

std::string add_key(tuf::Keys& known, const crypto::PublicKey& public_key) {
    const tuf::Key key = tuf::make_key(public_key);
    const std::string id = tuf::id_of(key);
    known[id] = key;
    return id;
}

void add_to(tuf::RoleKeys& keys, const std::string& role, const std::string& id) {
    if (std::ranges::contains(keys.key_ids, id))
        throw UsageError(std::format("'{}' would have a key twice", role)).detail("key", id);
    keys.key_ids.push_back(id);
}

void check_threshold(const tuf::RoleKeys& keys, const std::string& role) {
    if (keys.key_ids.empty()) throw UsageError(std::format("'{}' would have no key left", role));
    if (keys.threshold < 1) throw UsageError(std::format("'{}' needs a threshold of 1 or more", role));
    if (keys.threshold > keys.key_ids.size())
        throw UsageError(std::format("'{}' would need {} signatures and have {} {}: nobody could sign it",
                                     role, keys.threshold, keys.key_ids.size(),
                                     keys.key_ids.size() == 1 ? "key" : "keys"))
            .hint("add keys, or make the threshold smaller");
}

void remove_from(tuf::RoleKeys& keys, const std::string& role, const std::string& start) {
    const auto is_meant = [&](const std::string& id) { return id.starts_with(start); };
    const auto count = start.empty() ? 0 : std::ranges::count_if(keys.key_ids, is_meant);
    if (count == 1) {
        std::erase_if(keys.key_ids, is_meant);
        return;
    }
    UsageError error(std::format(
        "'{}' {} '{}'", role, count == 0 ? "has no key" : "has more than one key that begins with", start));
    for (const std::string& id : keys.key_ids) error.detail("key", id);
    throw error;
}

template <class Roles, class KeysOf>
void drop_unused(tuf::Keys& keys, const Roles& roles, KeysOf&& keys_of) {
    std::erase_if(keys, [&](const auto& key) {
        return std::ranges::none_of(
            roles, [&](const auto& role) { return std::ranges::contains(keys_of(role).key_ids, key.first); });
    });
}

}  // namespace

Signers signers_of(const crypto::KeyDirectory& keys) {
    Signers signers;
    for (const crypto::Role role : {crypto::Role::root, crypto::Role::timestamp, crypto::Role::snapshot,
                                    crypto::Role::targets, crypto::Role::images})
        signers[std::string(crypto::info_of(role).name)] = {.keys = {keys.public_key(role)}};
    return signers;
}

tuf::RoleKeys add_keys(tuf::Keys& known, const std::string& role, const RoleSigners& signers) {
    tuf::RoleKeys keys{.key_ids = {}, .threshold = signers.threshold};
    for (const crypto::PublicKey& key : signers.keys) add_to(keys, role, add_key(known, key));
    check_threshold(keys, role);
    return keys;
}

tuf::RoleKeys apply(const SignerChange& change, const std::string& role, const tuf::RoleKeys& before,
                    tuf::Keys& known) {
    tuf::RoleKeys after = before;
    if (!change.replacement.empty()) after.key_ids.clear();
    for (const std::string& start : change.removed) remove_from(after, role, start);
    for (const crypto::PublicKey& key : change.replacement) add_to(after, role, add_key(known, key));
    for (const crypto::PublicKey& key : change.added) add_to(after, role, add_key(known, key));
    after.threshold = change.threshold.value_or(before.threshold);
    check_threshold(after, role);
    return after;
}

void drop_unused_keys(tuf::Root& root) {
    drop_unused(root.keys, root.roles, [](const auto& each) -> const tuf::RoleKeys& { return each.second; });
}

void drop_unused_keys(tuf::Delegations& delegations) {
    drop_unused(delegations.keys, delegations.roles,
                [](const tuf::Delegation& each) -> const tuf::RoleKeys& { return each.keys; });
}

}  // namespace cairn::repo
