#include "pkg/repo/change.h"

#include <algorithm>
#include <format>
#include <map>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/repo/layout.h"
#include "pkg/tuf/canonical.h"

namespace cairn::repo {
namespace {

constexpr int format_version = 1;

tuf::Envelope to_envelope(const ChangedRole& role) {
    return {.signed_part = role.signed_part,
            .signed_bytes = tuf::format_canonical(role.signed_part),
            .signatures = role.signatures};
}

std::set<std::string> signed_by(const ChangedRole& role) {
    std::set<std::string> ids;
    for (const tuf::MetadataSignature& signature : role.signatures) ids.insert(signature.key_id);
    return ids;
}

Json to_json(const SignerSet& set) {
    Json keys = Json::object();
    for (const std::string& id : set.role.key_ids)
        if (const auto key = set.keys.find(id); key != set.keys.end()) keys[id] = tuf::to_json(key->second);
    return {{"whose", set.whose},
            {"keys", keys},
            {"keyids", set.role.key_ids},
            {"threshold", set.role.threshold}};
}

SignerSet parse_signers(const Json& json) {
    SignerSet set{.whose = json.at("whose").get<std::string>(),
                  .keys = {},
                  .role = {.key_ids = json.at("keyids").get<std::vector<std::string>>(),
                           .threshold = json.at("threshold").get<std::uint64_t>()}};
    for (const auto& [id, key] : json.at("keys").items()) set.keys[id] = tuf::parse_key(key);
    return set;
}

/// Whoever signs sees the role's name: what is signed under it must be such a role's, or a root could be
/// signed by somebody who thinks that it is a snapshot.
std::uint64_t parse_version(const std::string& role, const Json& signed_part) {
    if (role == "root") return tuf::parse_root(signed_part).version;
    if (role == "timestamp") return tuf::parse_timestamp(signed_part).version;
    if (role == "snapshot") return tuf::parse_snapshot(signed_part).version;
    return tuf::parse_targets(signed_part).version;
}

ChangedRole parse_role(const Json& json) {
    const tuf::Envelope envelope = tuf::parse_envelope(json.at("metadata").dump(), "metadata");
    ChangedRole role{.role = json.at("role").get<std::string>(),
                     .version = parse_version(json.at("role").get<std::string>(), envelope.signed_part),
                     .signed_part = envelope.signed_part,
                     .signatures = envelope.signatures,
                     .signers = {}};
    for (const Json& set : json.at("signers")) role.signers.push_back(parse_signers(set));
    return role;
}

std::string describe_keys(const tuf::RoleKeys& keys) {
    std::string text = std::format("{} of", keys.threshold);
    for (const std::string& id : keys.key_ids) text += " " + id.substr(0, 16);
    return text;
}

std::string describe_root(const tuf::Root& root) {
    std::string text;
    for (const auto& [name, keys] : root.roles)
        text += std::format("\n    {}: {}", name, describe_keys(keys));
    return text;
}

/// Bins of the same keys in one line; all that is about names is shown.
std::string describe_delegations(const tuf::Delegations& delegations) {
    std::map<std::string, std::size_t> bins;
    std::string text;
    for (const tuf::Delegation& delegation : delegations.roles) {
        const std::string keys = describe_keys(delegation.keys);
        if (delegation.paths.empty())
            ++bins[keys];
        else
            text += std::format("\n    delegates {} to {}: {}", join(delegation.paths, ", "), delegation.name,
                                keys);
    }
    for (const auto& [keys, count] : bins)
        text += std::format("\n    delegates to {} hash bins: {}", count, keys);
    return text;
}

std::string describe_role(const ChangedRole& role) {
    const std::string head = std::format("{} {}, until {}", role.role, role.version,
                                         role.signed_part.at("expires").get<std::string>());
    if (role.role == "root") return head + describe_root(tuf::parse_root(role.signed_part));
    if (role.role == "timestamp" || role.role == "snapshot") return head;
    const tuf::Targets targets = tuf::parse_targets(role.signed_part);
    return std::format("{}: {} targets{}", head, targets.targets.size(),
                       targets.delegations ? describe_delegations(*targets.delegations) : "");
}

/// A role whose signed part says so, whatever it is called: one that delegates nothing.
bool is_plain_bin(const ChangedRole& role) {
    return is_bin(role.role) && !role.signed_part.contains("delegations");
}

}  // namespace

const ChangedRole* Change::find(std::string_view role) const {
    const auto found = std::ranges::find(roles, role, &ChangedRole::role);
    return found == roles.end() ? nullptr : &*found;
}

std::vector<Missing> find_missing(const Change& change) {
    std::vector<Missing> list;
    for (const ChangedRole& role : change.roles) {
        const tuf::Envelope envelope = to_envelope(role);
        const std::set<std::string> done = signed_by(role);
        for (const SignerSet& set : role.signers) {
            const std::uint64_t count = tuf::count_signatures(envelope, set.keys, set.role);
            if (count >= set.role.threshold) continue;
            Missing missing{.role = role.role,
                            .whose = set.whose,
                            .count = count,
                            .threshold = set.role.threshold,
                            .open_keys = {}};
            std::ranges::copy_if(set.role.key_ids, std::back_inserter(missing.open_keys),
                                 [&](const std::string& id) { return !done.contains(id); });
            list.push_back(std::move(missing));
        }
    }
    return list;
}

std::size_t add_signatures(Change& change, const Signing& signing) {
    std::size_t count = 0;
    for (ChangedRole& role : change.roles) {
        for (const SignerSet& set : role.signers) {
            const auto signers = signing.find_signers(set.role, signed_by(role));
            if (signers.empty()) continue;
            count += signers.size();
            const std::string text = tuf::make_envelope(role.signed_part, signers, role.signatures);
            role.signatures = tuf::parse_envelope(text, role.role).signatures;
        }
    }
    return count;
}

void sign(Change& change, const Signing& signing) {
    const std::vector<Missing> before = find_missing(change);
    if (add_signatures(change, signing) > 0 || before.empty()) return;
    const bool has_signed = std::ranges::any_of(change.roles, [&](const ChangedRole& role) {
        return std::ranges::any_of(signed_by(role), [&](const std::string& id) { return signing.has(id); });
    });
    UsageError error(has_signed ? std::format("the keys in {} have signed this already", signing.places())
                                : std::format("none of the keys in {} may sign this", signing.places()));
    for (const Missing& missing : before)
        error.detail(missing.role,
                     std::format("{} of {} signatures by {}; not yet by {}", missing.count, missing.threshold,
                                 missing.whose, join(missing.open_keys, ", ")));
    throw error;
}

std::size_t take_signatures(Change& change, const Change& other) {
    const auto has_same = [&](const ChangedRole& role) {
        const ChangedRole* const mine = change.find(role.role);
        return mine != nullptr && mine->signed_part == role.signed_part;
    };
    if (other.roles.size() != change.roles.size() || !std::ranges::all_of(other.roles, has_same))
        throw UsageError("these signatures are for another change than the one that waits")
            .hint("give a copy of what waits now to the signer");
    std::size_t count = 0;
    Change merged = change;
    for (ChangedRole& role : merged.roles) {
        const std::set<std::string> known = signed_by(role);
        for (const tuf::MetadataSignature& signature : other.find(role.role)->signatures) {
            if (known.contains(signature.key_id)) continue;
            role.signatures.push_back(signature);
            ++count;
        }
    }
    check_signatures(merged);
    change = std::move(merged);
    return count;
}

void check_signatures(const Change& change) {
    for (const ChangedRole& role : change.roles) {
        const std::string bytes = tuf::format_canonical(role.signed_part);
        for (const tuf::MetadataSignature& signature : role.signatures) {
            const auto set = std::ranges::find_if(role.signers, [&](const SignerSet& each) {
                return std::ranges::contains(each.role.key_ids, signature.key_id) &&
                       each.keys.contains(signature.key_id);
            });
            if (set == role.signers.end())
                throw VerifyError(
                    std::format("cannot take a signature of '{}': its key is not in the role", role.role))
                    .detail("key", signature.key_id);
            if (!tuf::is_signed(set->keys.at(signature.key_id), bytes, signature.value))
                throw VerifyError(std::format("cannot take a signature of '{}': it is wrong", role.role))
                    .detail("key", signature.key_id)
                    .hint("it was damaged, or made for something else");
        }
    }
}

std::string make_text(const ChangedRole& role) {
    return tuf::make_envelope(role.signed_part, {}, role.signatures);
}

std::string format_change(const Change& change) {
    Json roles = Json::array();
    for (const ChangedRole& role : change.roles) {
        Json signers = Json::array();
        for (const SignerSet& set : role.signers) signers.push_back(to_json(set));
        roles.push_back({{"role", role.role},
                         {"metadata", parse_json(make_text(role), role.role)},
                         {"signers", signers}});
    }
    return format_json({{"format", format_version}, {"roles", roles}});
}

Change parse_change(std::string_view text, std::string_view name) {
    const Json json = parse_json(text, name);
    if (!json.is_object() || !json.contains("roles") || !json.contains("format"))
        throw Error(std::format("'{}' is not a change that waits for signatures", name))
            .hint("'.pending.json' in the repository is one, or a copy of it");
    if (json.at("format") != format_version)
        throw Error(std::format("'{}' has a format that this program does not read", name));
    try {
        Change change;
        for (const Json& role : json.at("roles")) {
            change.roles.push_back(parse_role(role));
            if (std::ranges::count(change.roles, change.roles.back().role, &ChangedRole::role) > 1)
                throw Error(std::format("'{}' has '{}' twice", name, change.roles.back().role));
        }
        if (change.roles.empty()) throw Error(std::format("'{}' changes nothing", name));
        return change;
    } catch (const Json::exception& error) {
        throw Error(std::format("'{}' is damaged: {}", name, error.what()));
    }
}

std::vector<std::string> describe(const Change& change) {
    std::vector<std::string> lines;
    std::size_t bins = 0;
    for (const ChangedRole& role : change.roles) {
        if (is_plain_bin(role))
            ++bins;
        else
            lines.push_back(describe_role(role));
    }
    if (bins > 0) lines.push_back(std::format("{} bins of packages", bins));
    return lines;
}

}  // namespace cairn::repo
