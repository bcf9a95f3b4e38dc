#include "pkg/repo/rotate.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/repo/layout.h"

namespace cairn::repo {
namespace {

/// Packages and bins have the keys of "targets".
bool shares_keys_of_targets(const std::string& role) {
    return role == packages_role || is_bin(role);
}

void change_root_role(Repository& repository, const std::string& role, const SignerChange& change) {
    tuf::Root& root = repository.change_root();
    root.roles[role] = apply(change, role, root.roles.at(role), root.keys);
    drop_unused_keys(root);
}

/// In all delegations of `parent` for which `is_meant`.
template <class Predicate>
void change_delegations(Repository& repository, const std::string& parent, const SignerChange& change,
                        Predicate&& is_meant) {
    tuf::Delegations& delegations = *repository.change_targets(parent).delegations;
    for (tuf::Delegation& delegation : delegations.roles)
        if (is_meant(delegation.name))
            delegation.keys = apply(change, delegation.name, delegation.keys, delegations.keys);
    drop_unused_keys(delegations);
}

}  // namespace

crypto::Role key_of(const std::string& role) {
    if (role == "root") return crypto::Role::root;
    if (role == "timestamp") return crypto::Role::timestamp;
    if (role == "snapshot") return crypto::Role::snapshot;
    if (role == images_role) return crypto::Role::images;
    return crypto::Role::targets;
}

CommitResult rotate(Repository& repository, const std::string& role, const SignerChange& change,
                    const Signing& signing, tuf::Time now) {
    const bool is_top = repository.root().roles.contains(role);
    if (!is_top && shares_keys_of_targets(role))
        throw UsageError(std::format("'{}' has no key of its own", role))
            .hint("root, timestamp, snapshot, targets, images and channels have");
    repository.signers(role);  // throws when there is no such role
    if (is_top)
        change_root_role(repository, role, change);
    else
        change_delegations(repository, "targets", change,
                           [&](const std::string& name) { return name == role; });
    if (role == "targets")
        for (const std::string& parent : {std::string("targets"), std::string(packages_role)})
            change_delegations(repository, parent, change, shares_keys_of_targets);
    if (role != "root") repository.renew(role);
    if (role == "targets")
        for (const std::string& name : repository.list_roles())
            if (shares_keys_of_targets(name)) repository.renew(name);
    return repository.commit(signing, now);
}

CommitResult rotate(Repository& repository, const std::string& role, crypto::KeyDirectory& old_keys,
                    crypto::KeyDirectory& new_keys, tuf::Time now) {
    Signing signing(new_keys);
    signing.add(old_keys);
    return rotate(repository, role, SignerChange{.replacement = {new_keys.public_key(key_of(role))}}, signing,
                  now);
}

}  // namespace cairn::repo
