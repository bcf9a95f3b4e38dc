#include <algorithm>
#include <array>
#include <format>
#include <functional>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/repository.h"
#include "pkg/tuf/client.h"
#include "pkg/tuf/names.h"

/// How a change of a repository is put together, signed, checked by a client's rules, and written.
namespace cairn::repo {
namespace {

namespace fs = std::filesystem;

bool is_always_new(const std::string& role) {
    return role == "snapshot" || role == "timestamp";
}

template <class Metadata>
ChangedRole make_role(const std::string& role, const Metadata& metadata) {
    return {.role = role, .version = metadata.version, .signed_part = tuf::to_json(metadata)};
}

tuf::Time expiry_after(tuf::Time now, std::chrono::days lifetime) {
    return now + std::chrono::seconds(lifetime).count();
}

SignerSet top_signers(const tuf::Root& root, const std::string& role, std::string whose = "its keys") {
    return {.whose = std::move(whose), .keys = root.keys, .role = root.roles.at(role)};
}

/// The root that counts once the change is effective.
std::optional<tuf::Root> find_root(const Change& change) {
    const ChangedRole* const role = change.find("root");
    if (role == nullptr) return std::nullopt;
    return tuf::parse_root(role->signed_part);
}

/// Targets roles, then the snapshot, then a new root, and the timestamp last. The first root of all is what
/// makes a repository, so it comes after everything.
int place_in_order(const ChangedRole& role) {
    if (role.role == "snapshot") return 1;
    if (role.role == "root") return role.version == 1 ? 4 : 2;
    return role.role == "timestamp" ? 3 : 0;
}

/// Nobody would believe it.
void check_not_expired(const Change& change, tuf::Time now) {
    for (const ChangedRole& role : change.roles) {
        const auto expires = role.signed_part.at("expires").get<std::string>();
        if (tuf::parse_time(expires) > now) continue;
        throw UsageError(std::format("'{}' {} waited too long for its signatures: it expired on {}",
                                     role.role, role.version, expires))
            .hint("give it up with --drop of 'cairn repo sign', and make the change again");
    }
}

[[noreturn]] void refuse_unsigned(const Signing& signing, const Missing& missing) {
    throw UsageError(std::format("none of the keys in {} signs '{}'", signing.places(), missing.role))
        .detail("its keys", join(missing.open_keys, ", "))
        .hint("CAIRN_KEYS names the directory with the keys, --keys a further one");
}

/// Signatures do not say which role they are for: one bin's content is not published as another's.
void check_is_covered(const ChangedRole& role, const tuf::Delegation& delegation) {
    for (const auto& [target, file] : role.signed_part.at("targets").items())
        if (!tuf::covers(delegation, target))
            throw VerifyError(
                std::format("'{}' lists target '{}', which is not delegated to it", role.role, target));
}

/// What clients take (ClientLimits).
std::uint64_t limit_of(const std::string& role) {
    const tuf::ClientLimits limits;
    if (role == "root") return limits.root;
    if (role == "timestamp") return limits.timestamp;
    return role == "snapshot" ? limits.snapshot : limits.targets;
}

}  // namespace

/// Root and targets roles; snapshot and timestamp follow when these have their signatures, so that they are
/// fresh then.
Change Repository::make_change(tuf::Time now) {
    Change change;
    if (first_root_) {
        change.roles.push_back(*first_root_);
        root_ = tuf::parse_root(first_root_->signed_part);
    } else if (changed_.contains("root")) {
        root_.version = published_version("root") + 1;
        root_.expires = expiry_after(now, lifetime("root"));
        change.roles.push_back(make_role("root", root_));
    }
    for (const std::string& role : changed_) {
        if (role == "root" || is_always_new(role)) continue;
        tuf::Targets& targets = targets_.at(role);
        targets.version = published_version(role) + 1;
        targets.expires = expiry_after(now, lifetime(role));
        change.roles.push_back(make_role(role, targets));
    }
    return change;
}

/// Works out whose signatures are needed, from what is published and from the change itself: the root's
/// former keys and its new ones (TUF specification, section 5.3.4), for others as they are delegated.
void Repository::add_signers(Change& change) {
    const std::optional<tuf::Root> new_root = find_root(change);
    const tuf::Root& root = new_root ? *new_root : root_;
    const auto delegations_of = [&](const std::string& parent) {
        const ChangedRole* const role = change.find(parent);
        return role != nullptr ? tuf::parse_targets(role->signed_part).delegations
                               : targets(parent).delegations;
    };
    std::map<std::string, std::optional<tuf::Delegations>> known;
    for (ChangedRole& role : change.roles) {
        role.signers.clear();
        if (role.role == "root" && trusted_ != nullptr)
            role.signers.push_back(top_signers(trusted_->root(), "root", "its keys until now"));
        if (root.roles.contains(role.role)) {
            role.signers.push_back(top_signers(
                root, role.role,
                role.role == "root" && trusted_ != nullptr ? "its keys from now on" : "its keys"));
            continue;
        }
        const std::string parent = parent_of(role.role);
        if (!known.contains(parent)) known[parent] = delegations_of(parent);
        const auto& delegations = known.at(parent);
        const auto found = delegations
                               ? std::ranges::find(delegations->roles, role.role, &tuf::Delegation::name)
                               : std::vector<tuf::Delegation>::const_iterator();
        if (!delegations || found == delegations->roles.end())
            throw VerifyError(std::format("the change has a role '{}' that nothing delegates to", role.role));
        check_is_covered(role, *found);
        SignerSet signers{.whose = "its keys", .keys = {}, .role = found->keys};
        for (const std::string& id : found->keys.key_ids)
            if (const auto key = delegations->keys.find(id); key != delegations->keys.end())
                signers.keys.insert(*key);
        role.signers.push_back(std::move(signers));
    }
}

/// Signed by whoever is here. Both get a signature, or they are left for somebody else to make, and who has
/// not signed is given.
std::vector<Missing> Repository::add_snapshot(Change& change, const Signing& signing, tuf::Time now,
                                              std::optional<std::chrono::days> lifetime) const {
    tuf::Snapshot snapshot = trusted_ != nullptr ? *trusted_->snapshot() : tuf::Snapshot();
    snapshot.version = published_version("snapshot") + 1;
    snapshot.expires = expiry_after(now, lifetime.value_or(lifetime_of("snapshot")));
    for (const ChangedRole& role : change.roles)
        if (role.role != "root") snapshot.files[role.role + ".json"] = {.version = role.version};
    tuf::Timestamp timestamp;
    timestamp.version = published_version("timestamp") + 1;
    timestamp.expires = expiry_after(now, lifetime.value_or(lifetime_of("timestamp")));
    timestamp.snapshot = {.version = snapshot.version};
    Change both = {.roles = {make_role("snapshot", snapshot), make_role("timestamp", timestamp)}};
    for (ChangedRole& role : both.roles)
        role.signers = {top_signers(find_root(change).value_or(root_), role.role)};
    add_signatures(both, signing);
    std::vector<Missing> unsigned_roles = find_missing(both);
    std::erase_if(unsigned_roles, [](const Missing& missing) { return missing.count > 0; });
    if (unsigned_roles.empty()) std::ranges::move(both.roles, std::back_inserter(change.roles));
    return unsigned_roles;
}

/// A new root alone stands for itself, unless it has new keys for these two.
bool Repository::needs_snapshot(const Change& change) const {
    if (change.find("timestamp") != nullptr) return false;
    const std::optional<tuf::Root> root = find_root(change);
    if (change.roles.size() != 1 || !root || changed_.contains("timestamp") || changed_.contains("snapshot"))
        return true;
    return std::ranges::any_of(std::array{"timestamp", "snapshot"}, [&](const char* role) {
        return trusted_->root().roles.at(role) != root->roles.at(role);
    });
}

CommitResult Repository::commit(const Signing& signing, tuf::Time now,
                                std::optional<std::chrono::days> lifetime) {
    Change change = make_change(now);
    check_free(change);
    add_signers(change);
    if (add_signatures(change, signing) == 0 && !change.roles.empty())
        refuse_unsigned(signing, find_missing(change).front());
    return settle(std::move(change), signing, now, lifetime);
}

CommitResult Repository::settle(Change change, const Signing& signing, tuf::Time now,
                                std::optional<std::chrono::days> lifetime) {
    check_not_expired(change, now);
    CommitResult result{.missing = find_missing(change)};
    if (result.missing.empty() && needs_snapshot(change)) {
        result.missing = add_snapshot(change, signing, now, lifetime);
        if (result.missing.empty()) result.missing = find_missing(change);
    }
    if (result.is_effective()) {
        verify(change);
        write(change);
        if (pending_ && pending_->find(change.roles.front().role) != nullptr) fs::remove(pending_path());
        load();
        return result;
    }
    if (change.roles.empty()) refuse_unsigned(signing, result.missing.front());
    store_pending(std::move(change));
    return result;
}

/// Once more by the rules of clients, from what they know now: what they would refuse is not written.
void Repository::verify(const Change& change) const {
    for (const ChangedRole& role : change.roles)
        if (make_text(role).size() > limit_of(role.role))
            throw Error(std::format("the metadata of '{}' would be larger than clients take", role.role))
                .detail("bytes", std::to_string(make_text(role).size()))
                .detail("most", std::to_string(limit_of(role.role)));
    const auto text_of = [&](const std::string& role) {
        const ChangedRole* const changed = change.find(role);
        return changed != nullptr ? make_text(*changed) : published_text(role);
    };
    const bool is_first = trusted_ == nullptr;
    tuf::TrustedMetadata client(is_first ? text_of("root") : published_text("root"), 0);
    if (!is_first && change.find("root") != nullptr) client.update_root(text_of("root"));
    if (change.find("timestamp") == nullptr) return;
    if (!is_first && client.load_old_timestamp(published_text("timestamp")))
        client.load_old_snapshot(published_text("snapshot"));
    client.update_timestamp(text_of("timestamp"));
    client.update_snapshot(text_of("snapshot"));
    const std::function<void(const std::string&)> load_role = [&](const std::string& role) {
        if (client.find_targets(role) != nullptr) return;
        const std::string parent = parent_of(role);
        if (parent != "root") load_role(parent);
        client.update_targets(text_of(role), role, parent);
    };
    load_role("targets");
    for (const ChangedRole& role : change.roles)
        if (place_in_order(role) == 0) load_role(role.role);
}

void Repository::write(const Change& change) const {
    std::vector<const ChangedRole*> order;
    for (const ChangedRole& role : change.roles) order.push_back(&role);
    std::ranges::stable_sort(order, {}, [](const ChangedRole* role) { return place_in_order(*role); });
    // Power may fail between any two files, and readers come at any time: until the timestamp is replaced all
    // follow the old one to the old files, which stay. New files are then unknown to everybody, and are
    // written again. A new root and the timestamp cannot change at once: who reads between these two is
    // refused when the timestamp's keys changed, and comes again.
    for (const ChangedRole* const role : order) {
        const auto version = role->role == "timestamp" ? std::nullopt : std::optional(role->version);
        replace_file(metadata_path() / tuf::metadata_file_name(role->role, version), make_text(*role));
    }
}

}  // namespace cairn::repo
