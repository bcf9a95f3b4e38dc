#include "pkg/repo/repository.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/repo/layout.h"
#include "pkg/tuf/envelope.h"
#include "pkg/tuf/names.h"

namespace cairn::repo {
namespace {

namespace fs = std::filesystem;

/// Before everything: nothing has expired for the maker, who is here to sign anew.
constexpr tuf::Time before_all = 0;
constexpr std::array<const char*, 4> top_roles = {"root", "timestamp", "snapshot", "targets"};

tuf::Time expiry_of(std::string_view role, tuf::Time now, std::optional<std::chrono::days> lifetime = {}) {
    return now + std::chrono::seconds(lifetime.value_or(lifetime_of(role))).count();
}

tuf::RoleKeys add_key(const crypto::KeyDirectory& keys, crypto::Role role, tuf::Keys& known) {
    const tuf::Key key = tuf::make_key(keys.public_key(role));
    const std::string id = tuf::id_of(key);
    known[id] = key;
    return {.key_ids = {id}, .threshold = 1};
}

tuf::Root make_root(const crypto::KeyDirectory& keys) {
    tuf::Root root;
    root.has_consistent_snapshots = true;
    for (const char* const role : top_roles) root.roles[role] = add_key(keys, key_of(role), root.keys);
    return root;
}

/// The top role has no targets of its own: images for devices, packages for people who make images.
tuf::Targets make_top(const crypto::KeyDirectory& keys) {
    tuf::Targets top;
    top.version = 0;
    tuf::Delegations delegations;
    delegations.roles.push_back({.name = std::string(images_role),
                                 .keys = add_key(keys, crypto::Role::images, delegations.keys),
                                 .is_terminating = true,
                                 .paths = {"images/*/*/*", "images/*/*/*/*"}});
    delegations.roles.push_back({.name = std::string(packages_role),
                                 .keys = add_key(keys, crypto::Role::targets, delegations.keys),
                                 .is_terminating = true,
                                 .paths = {"packages/*/*"}});
    top.delegations = std::move(delegations);
    return top;
}

tuf::Targets make_bins(const crypto::KeyDirectory& keys) {
    tuf::Targets packages;
    packages.version = 0;
    tuf::Delegations delegations;
    const tuf::RoleKeys signer = add_key(keys, crypto::Role::targets, delegations.keys);
    for (unsigned bin = 0; bin < bin_count; ++bin)
        delegations.roles.push_back({.name = bin_name(bin),
                                     .keys = signer,
                                     .is_terminating = true,
                                     .hash_prefixes = {std::format("{:02x}", bin)}});
    packages.delegations = std::move(delegations);
    return packages;
}

/// The newest N.root.json; all of them are there, from the first on.
std::uint64_t find_newest_root(const fs::path& metadata) {
    std::uint64_t version = 0;
    while (fs::exists(metadata / std::format("{}.root.json", version + 1))) ++version;
    if (version == 0)
        throw UsageError(std::format("there is no repository in '{}'", metadata.parent_path().string()))
            .hint("make one with: cairn repo init DIR");
    return version;
}

void announce_wait(const fs::path& path) {
    std::fprintf(stderr, "waiting for another command that changes '%s'\n", path.parent_path().c_str());
}

}  // namespace

Signing sign_with(crypto::KeyDirectory& keys) {
    return {.signer = [&keys](crypto::Role role) { return keys.signer(role); }};
}

crypto::Role key_of(const std::string& role) {
    if (role == "root") return crypto::Role::root;
    if (role == "timestamp") return crypto::Role::timestamp;
    if (role == "snapshot") return crypto::Role::snapshot;
    if (role == images_role) return crypto::Role::images;
    return crypto::Role::targets;
}

Repository::Repository(fs::path directory)
    : directory_(std::move(directory)),
      lock_(directory_ / ".lock", FileLock::Mode::exclusive, &announce_wait) {}

fs::path Repository::metadata_path() const {
    return directory_ / metadata_folder;
}

fs::path Repository::targets_path() const {
    return directory_ / targets_folder;
}

Repository Repository::init(const fs::path& directory, crypto::KeyDirectory& keys, tuf::Time now) {
    if (fs::exists(directory) && !(fs::is_directory(directory) && fs::is_empty(directory)))
        throw UsageError(std::format("'{}' is not an empty directory", directory.string()))
            .hint("a new repository gets a new directory");
    make_directories(directory / metadata_folder);
    make_directories(directory / targets_folder);
    Repository repository(directory);
    repository.root_ = make_root(keys);
    repository.timestamp_.version = 0;
    repository.snapshot_.version = 0;
    repository.targets_["targets"] = make_top(keys);
    repository.targets_[std::string(images_role)].version = 0;
    repository.targets_[std::string(packages_role)] = make_bins(keys);
    for (unsigned bin = 0; bin < bin_count; ++bin) repository.targets_[bin_name(bin)].version = 0;
    for (const auto& [role, targets] : repository.targets_) repository.changed_.insert(role);
    repository.root_.version = 0;
    repository.change_root();
    repository.commit(sign_with(keys), now);
    return repository;
}

Repository Repository::open(const fs::path& directory) {
    if (!fs::is_directory(directory / metadata_folder))
        throw UsageError(std::format("there is no repository in '{}'", directory.string()))
            .hint("make one with: cairn repo init DIR");
    Repository repository(directory);
    with_context(std::format("reading the repository in '{}'", directory.string()),
                 [&] { repository.load(); });
    return repository;
}

void Repository::load() {
    const fs::path metadata = metadata_path();
    const std::uint64_t newest = find_newest_root(metadata);
    trusted_ = std::make_unique<tuf::TrustedMetadata>(read_file(metadata / "1.root.json"), before_all);
    for (std::uint64_t version = 2; version <= newest; ++version)
        trusted_->update_root(read_file(metadata / std::format("{}.root.json", version)));
    trusted_->update_timestamp(read_file(metadata / "timestamp.json"));
    trusted_->update_snapshot(
        read_file(metadata / std::format("{}.snapshot.json", trusted_->timestamp()->snapshot.version)));
    root_ = trusted_->root();
    timestamp_ = *trusted_->timestamp();
    snapshot_ = *trusted_->snapshot();
    targets("targets");
}

std::string Repository::parent_of(const std::string& role) const {
    if (role == "targets") return "root";
    return role.starts_with(std::string(packages_role) + "-") ? std::string(packages_role) : "targets";
}

const tuf::Targets& Repository::targets(const std::string& role) {
    if (const auto known = targets_.find(role); known != targets_.end()) return known->second;
    CHECK(trusted_ != nullptr);
    const std::string parent = parent_of(role);
    if (parent != "root") targets(parent);
    const std::string file = tuf::metadata_file_name(role, trusted_->listed(role).version);
    trusted_->update_targets(read_file(metadata_path() / file), role, parent);
    return targets_[role] = *trusted_->find_targets(role);
}

std::vector<std::string> Repository::list_roles() {
    std::vector<std::string> roles{"targets"};
    for (std::size_t at = 0; at < roles.size(); ++at) {
        const auto& delegations = targets(roles[at]).delegations;
        if (!delegations) continue;
        for (const tuf::Delegation& role : delegations->roles) roles.push_back(role.name);
    }
    return roles;
}

tuf::Targets& Repository::change_targets(const std::string& role) {
    targets(role);
    changed_.insert(role);
    return targets_.at(role);
}

tuf::Root& Repository::change_root() {
    changed_.insert("root");
    return root_;
}

void Repository::renew(const std::string& role) {
    if (role != "root" && role != "timestamp" && role != "snapshot") targets(role);
    changed_.insert(role);
}

void Repository::write_metadata(const std::string& role, std::uint64_t version,
                                const std::string& text) const {
    replace_file(metadata_path() / tuf::metadata_file_name(role, version), text);
}

std::string Repository::sign(const std::string& role, const Json& signed_part, const Signing& signing) const {
    const auto signer = signing.signer(key_of(role));
    std::vector<crypto::Signer*> signers{signer.get()};
    if (role == "root" && signing.former_root != nullptr) signers.push_back(signing.former_root);
    return tuf::make_envelope(signed_part, signers);
}

void Repository::commit_targets(const std::string& role, const Signing& signing, tuf::Time now) {
    tuf::Targets& targets = targets_.at(role);
    ++targets.version;
    targets.expires = expiry_of(role, now);
    write_metadata(role, targets.version, sign(role, tuf::to_json(targets), signing));
    snapshot_.files[role + ".json"] = {.version = targets.version};
}

void Repository::commit_root(const Signing& signing, tuf::Time now) {
    ++root_.version;
    root_.expires = expiry_of("root", now);
    write_metadata("root", root_.version, sign("root", tuf::to_json(root_), signing));
}

void Repository::commit(const Signing& signing, tuf::Time now) {
    const bool is_root_new = changed_.erase("root") > 0;
    if (is_root_new && changed_.empty()) return commit_root(signing, now);
    // Power may fail between any two lines, and readers come at any time: until the timestamp is replaced all
    // follow the old one to the old files, which stay. New files are then unknown to everybody, and are
    // written again.
    for (const std::string& role : changed_)
        if (role != "snapshot" && role != "timestamp") commit_targets(role, signing, now);
    ++snapshot_.version;
    snapshot_.expires = expiry_of("snapshot", now, signing.lifetime);
    write_metadata("snapshot", snapshot_.version, sign("snapshot", tuf::to_json(snapshot_), signing));
    ++timestamp_.version;
    timestamp_.expires = expiry_of("timestamp", now, signing.lifetime);
    timestamp_.snapshot = {.version = snapshot_.version};
    const std::string timestamp = sign("timestamp", tuf::to_json(timestamp_), signing);
    // Two files cannot change at once: who reads between these two lines is refused, and comes again.
    if (is_root_new) commit_root(signing, now);
    replace_file(metadata_path() / "timestamp.json", timestamp);
    changed_.clear();
}

}  // namespace cairn::repo
