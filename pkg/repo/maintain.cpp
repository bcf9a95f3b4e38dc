#include "pkg/repo/maintain.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/net/file_transport.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/publish.h"
#include "pkg/tuf/file_check.h"
#include "pkg/tuf/names.h"

namespace cairn::repo {
namespace {

RoleStatus make_status(const std::string& role, const tuf::Head& head, tuf::Time now) {
    return {.role = role,
            .version = head.version,
            .expires = head.expires,
            .is_due = is_due(role, head.expires, now),
            .has_expired = head.expires <= now};
}

tuf::RoleKeys add_key(tuf::Keys& keys, const crypto::PublicKey& public_key) {
    const tuf::Key key = tuf::make_key(public_key);
    keys[tuf::id_of(key)] = key;
    return {.key_ids = {tuf::id_of(key)}, .threshold = 1};
}

/// Keys that no role names any more.
template <class Roles, class KeysOf>
void drop_unused(tuf::Keys& keys, const Roles& roles, KeysOf&& keys_of) {
    std::erase_if(keys, [&](const auto& key) {
        return std::ranges::none_of(
            roles, [&](const auto& role) { return std::ranges::contains(keys_of(role).key_ids, key.first); });
    });
}

void exchange_in_root(tuf::Root& root, const std::string& role, const crypto::PublicKey& key) {
    root.roles[role] = add_key(root.keys, key);
    drop_unused(root.keys, root.roles, [](const auto& each) -> const tuf::RoleKeys& { return each.second; });
}

/// Of all delegations for which `is_meant`.
template <class Predicate>
void exchange_in(tuf::Delegations& delegations, const crypto::PublicKey& key, Predicate&& is_meant) {
    for (tuf::Delegation& delegation : delegations.roles)
        if (is_meant(delegation.name)) delegation.keys = add_key(delegations.keys, key);
    drop_unused(delegations.keys, delegations.roles,
                [](const tuf::Delegation& each) -> const tuf::RoleKeys& { return each.keys; });
}

void check_target(const Repository& repository, const std::string& target, const tuf::FileDescription& file) {
    const std::filesystem::path place = target_file(repository, target, file);
    tuf::FileCheck check(file, std::format("target '{}'", target), *file.length);
    const net::Outcome outcome = net::FileTransport().get(
        {.url = "file://" + tuf::quote_path(std::filesystem::absolute(place).string())},
        [&](std::span<const std::uint8_t> bytes) { check.update(bytes); });
    if (outcome != net::Outcome::complete)
        throw VerifyError(std::format("target '{}' is listed, and its file is missing", target))
            .detail("file", place.string());
    check.finish();
}

}  // namespace

std::vector<RoleStatus> read_status(Repository& repository, tuf::Time now) {
    std::vector<RoleStatus> list{make_status("root", repository.root(), now),
                                 make_status("timestamp", repository.timestamp(), now),
                                 make_status("snapshot", repository.snapshot(), now)};
    std::optional<RoleStatus> first_bin;
    for (const std::string& role : repository.list_roles()) {
        RoleStatus status = make_status(role, repository.targets(role), now);
        if (!role.starts_with(std::string(packages_role) + "-"))
            list.push_back(std::move(status));
        else if (!first_bin || status.expires < first_bin->expires)
            first_bin = std::move(status);
    }
    if (first_bin) list.push_back(*first_bin);
    return list;
}

std::vector<std::string> refresh(Repository& repository, const Signing& signing, tuf::Time now) {
    std::vector<std::string> renewed{"timestamp", "snapshot"};
    for (const std::string& role : repository.list_roles())
        if (is_due(role, repository.targets(role).expires, now)) renewed.push_back(role);
    if (is_due("root", repository.root().expires, now)) renewed.push_back("root");
    for (const std::string& role : renewed) repository.renew(role);
    repository.commit(signing, now);
    return renewed;
}

void rotate(Repository& repository, const std::string& role, crypto::KeyDirectory& old_keys,
            crypto::KeyDirectory& new_keys, tuf::Time now) {
    const bool is_top = repository.root().roles.contains(role);
    if (!is_top && role != images_role)
        throw UsageError(std::format("'{}' has no key of its own", role))
            .hint("root, timestamp, snapshot, targets and images have");
    const crypto::Role key = key_of(role);
    const crypto::PublicKey public_key = new_keys.public_key(key);
    if (is_top) exchange_in_root(repository.change_root(), role, public_key);
    if (role == images_role)
        exchange_in(*repository.change_targets("targets").delegations, public_key,
                    [](const std::string& name) { return name == images_role; });
    if (role == "targets")  // which signs all bins, too
        for (const std::string& parent : {std::string("targets"), std::string(packages_role)})
            exchange_in(*repository.change_targets(parent).delegations, public_key,
                        [](const std::string& name) { return name != images_role; });
    for (const std::string& name : repository.list_roles())
        if (key_of(name) == key) repository.renew(name);
    if (role == "timestamp" || role == "snapshot") repository.renew(role);
    const auto former_root = role == "root" ? old_keys.signer(key) : nullptr;
    repository.commit(
        {.signer = [&](crypto::Role wanted) { return (wanted == key ? new_keys : old_keys).signer(wanted); },
         .former_root = former_root.get()},
        now);
}

void export_copy(const Repository& repository, const std::filesystem::path& place, const Signing& signing,
                 std::chrono::days lifetime, tuf::Time now) {
    namespace fs = std::filesystem;
    const fs::path target = fs::absolute(place / "").lexically_normal().parent_path();
    if (fs::exists(target))
        throw UsageError(std::format("'{}' is there already", target.string()))
            .hint("a copy gets a new directory");
    make_directories(target.parent_path());
    // Beside it first: the copy is whole or not there.
    TemporaryDirectory copy(target.parent_path(), ".cairn-export");
    fs::permissions(copy.path(), fs::perms(0755));
    for (const std::string_view folder : {metadata_folder, targets_folder})
        fs::copy(repository.path() / folder, copy.path() / folder, fs::copy_options::recursive);
    Repository opened = Repository::open(copy.path());
    opened.renew("snapshot");
    if (fs::exists(repository.path() / "index.html"))
        fs::copy_file(repository.path() / "index.html", copy.path() / "index.html");
    Signing longer = signing;
    longer.lifetime = lifetime;
    opened.commit(longer, now);
    fs::remove(copy.path() / ".lock");
    fs::rename(copy.path(), target);
    copy.release();
}

VerifyResult verify(Repository& repository) {
    VerifyResult result{.roles = 3};
    for (const std::string& role : repository.list_roles()) {
        const tuf::Targets& targets = repository.targets(role);
        ++result.roles;
        for (const auto& [name, file] : targets.targets) {
            check_target(repository, name, file);
            ++result.targets;
            result.bytes += *file.length;
        }
    }
    return result;
}

}  // namespace cairn::repo
