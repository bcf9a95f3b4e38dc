#include "pkg/tuf/trusted.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/tuf/file_check.h"
#include "pkg/tuf/names.h"

namespace cairn::tuf {
namespace {

const RoleKeys& keys_of(const Root& root, const std::string& role) {
    return root.roles.at(role);
}

/// Whose signatures counted before and count no longer, or the other way round.
bool has_other_keys(const Root& before, const Root& after, const std::string& role) {
    const auto sorted = [&](const Root& root) {
        std::vector<std::string> keys;
        for (const std::string& id : keys_of(root, role).key_ids)
            keys.push_back(root.keys.contains(id) ? identity_of(root.keys.at(id)) : id);
        std::ranges::sort(keys);
        return keys;
    };
    return sorted(before) != sorted(after);
}

void check_not_older(std::uint64_t version, std::uint64_t known, std::string_view what) {
    if (version >= known) return;
    throw VerifyError(std::format("cannot trust {}: it is older than what is known already: version {}, "
                                  "after version {} (rollback)",
                                  what, version, known))
        .hint("it may be an old copy, or somebody holds back what is new");
}

void check_version(std::uint64_t version, std::uint64_t wanted, std::string_view what) {
    if (version == wanted) return;
    throw VerifyError(
        std::format("cannot trust {}: it is version {}, and version {} is promised", what, version, wanted));
}

}  // namespace

TrustedMetadata::TrustedMetadata(std::string_view root_text, Time now) : now_(now) {
    const Envelope envelope = parse_envelope(root_text, "root");
    root_ = parse_root(envelope.signed_part);
    verify_signatures(envelope, root_.keys, keys_of(root_, "root"), "root");
}

const Targets* TrustedMetadata::find_targets(const std::string& role) const {
    const auto found = targets_.find(role);
    return found == targets_.end() ? nullptr : &found->second;
}

Envelope TrustedMetadata::verify(std::string_view text, const std::string& role, const Keys& keys,
                                 const RoleKeys& signers) const {
    Envelope envelope = parse_envelope(text, role);
    verify_signatures(envelope, keys, signers, std::format("'{}'", role));
    return envelope;
}

void TrustedMetadata::check_expiry(const Head& head, std::string_view role) const {
    if (head.expires > now_) return;
    throw VerifyError(
        std::format("cannot trust '{}': it expired on {} (freeze)", role, format_time(head.expires)))
        .detail("now", format_time(now_))
        .hint("the repository must be refreshed by its owner; or this machine's clock is wrong");
}

bool TrustedMetadata::update_root(std::string_view text) {
    const Envelope envelope = verify(text, "root", root_.keys, keys_of(root_, "root"));
    Root root = parse_root(envelope.signed_part);
    verify_signatures(envelope, root.keys, keys_of(root, "root"), "'root' by its own keys");
    check_version(root.version, root_.version + 1, "'root'");
    const bool is_rotated =
        has_other_keys(root_, root, "timestamp") || has_other_keys(root_, root, "snapshot");
    root_ = std::move(root);
    return is_rotated;
}

void TrustedMetadata::finish_root() const {
    check_expiry(root_, "root");
}

bool TrustedMetadata::load_old_timestamp(std::string_view text) {
    try {
        timestamp_ =
            parse_timestamp(verify(text, "timestamp", root_.keys, keys_of(root_, "timestamp")).signed_part);
        return true;
    } catch (const Error&) {
        return false;
    }
}

bool TrustedMetadata::load_old_snapshot(std::string_view text) {
    try {
        old_snapshot_ =
            parse_snapshot(verify(text, "snapshot", root_.keys, keys_of(root_, "snapshot")).signed_part);
        return true;
    } catch (const Error&) {
        return false;
    }
}

bool TrustedMetadata::update_timestamp(std::string_view text) {
    const Envelope envelope = verify(text, "timestamp", root_.keys, keys_of(root_, "timestamp"));
    Timestamp timestamp = parse_timestamp(envelope.signed_part);
    if (timestamp_) {
        check_not_older(timestamp.version, timestamp_->version, "'timestamp'");
        if (timestamp.version == timestamp_->version) return false;
        check_not_older(timestamp.snapshot.version, timestamp_->snapshot.version,
                        "'timestamp', which names the snapshot");
    }
    check_expiry(timestamp, "timestamp");
    timestamp_ = std::move(timestamp);
    return true;
}

void TrustedMetadata::finish_timestamp() const {
    CHECK(timestamp_);
    check_expiry(*timestamp_, "timestamp");
}

void TrustedMetadata::check_snapshot_bytes(std::string_view text) const {
    CHECK(timestamp_);
    check_bytes(text, timestamp_->snapshot, "'snapshot'");
}

void TrustedMetadata::update_snapshot(std::string_view text) {
    check_snapshot_bytes(text);
    const Envelope envelope = verify(text, "snapshot", root_.keys, keys_of(root_, "snapshot"));
    Snapshot snapshot = parse_snapshot(envelope.signed_part);
    check_version(snapshot.version, timestamp_->snapshot.version, "'snapshot'");
    if (old_snapshot_) {
        for (const auto& [name, known] : old_snapshot_->files) {
            const auto file = snapshot.files.find(name);
            if (file == snapshot.files.end())
                throw VerifyError(
                    std::format("cannot trust 'snapshot': it no longer lists '{}' (rollback)", name));
            check_not_older(file->second.version, known.version,
                            std::format("'snapshot', which lists '{}'", name));
        }
    }
    check_expiry(snapshot, "snapshot");
    snapshot_ = std::move(snapshot);
}

const FileDescription& TrustedMetadata::listed(const std::string& role) const {
    CHECK(snapshot_);
    const auto file = snapshot_->files.find(role + ".json");
    if (file == snapshot_->files.end())
        throw VerifyError(std::format("cannot trust '{}': the snapshot does not list it", role));
    return file->second;
}

/// Keys and threshold by which `parent` delegates to `role`.
std::pair<const Keys*, const RoleKeys*> TrustedMetadata::signers_of(const std::string& role,
                                                                    const std::string& parent) const {
    if (parent == "root") return {&root_.keys, &keys_of(root_, role)};
    const Targets* const delegator = find_targets(parent);
    CHECK(delegator != nullptr && delegator->delegations);
    const Delegations& delegations = *delegator->delegations;
    if (delegations.bins) return {&delegations.keys, &delegations.bins->keys};
    const auto found = std::ranges::find(delegations.roles, role, &Delegation::name);
    CHECK(found != delegations.roles.end());
    return {&delegations.keys, &found->keys};
}

void TrustedMetadata::update_targets(std::string_view text, const std::string& role,
                                     const std::string& parent) {
    const FileDescription& file = listed(role);
    check_bytes(text, file, std::format("'{}'", role));
    const auto [keys, signers] = signers_of(role, parent);
    Targets targets = parse_targets(verify(text, role, *keys, *signers).signed_part);
    check_version(targets.version, file.version, std::format("'{}'", role));
    check_expiry(targets, role);
    targets_[role] = std::move(targets);
}

}  // namespace cairn::tuf
