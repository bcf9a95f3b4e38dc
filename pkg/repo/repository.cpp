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

tuf::Root make_root(const Signers& signers) {
    tuf::Root root;
    root.version = 0;
    root.has_consistent_snapshots = true;
    for (const char* const role : top_roles) root.roles[role] = add_keys(root.keys, role, signers.at(role));
    return root;
}

/// Of other keys it would be another repository's: who trusts it would not believe this one.
ChangedRole take_first_root(const tuf::Root& wanted, const fs::path& file, tuf::Time now) {
    tuf::Envelope envelope = tuf::parse_envelope(read_file(file), file.string());
    const tuf::Root root = tuf::parse_root(envelope.signed_part);
    if (root.keys != wanted.keys || root.roles != wanted.roles ||
        root.has_consistent_snapshots != wanted.has_consistent_snapshots)
        throw UsageError(
            std::format("'{}' names other keys or thresholds than the new repository's", file.string()))
            .hint("it is the first root of another one; move it away to make a new one");
    if (root.version != 1)
        throw UsageError(std::format("'{}' is version {} of its root", file.string(), root.version))
            .hint("a repository begins with version 1; later ones come by 'cairn repo rotate'");
    if (root.expires <= now)
        throw UsageError(std::format("'{}' expired on {}", file.string(), tuf::format_time(root.expires)))
            .hint("a repository that began with it goes on; move it away to make a new one");
    return {.role = "root",
            .version = 1,
            .signed_part = std::move(envelope.signed_part),
            .signatures = std::move(envelope.signatures)};
}

ChangedRole make_first_root(tuf::Root root, const FirstRoot& first, tuf::Time now) {
    if (!first.given.empty()) return take_first_root(root, first.given, now);
    root.version = 1;
    root.expires = now + std::chrono::seconds(first.lifetime).count();
    return {.role = "root", .version = 1, .signed_part = tuf::to_json(root)};
}

/// The top role has no targets of its own: images for devices, packages for people who make images.
tuf::Targets make_top(const Signers& signers) {
    tuf::Targets top;
    top.version = 0;
    tuf::Delegations delegations;
    delegations.roles.push_back({.name = std::string(images_role),
                                 .keys = add_keys(delegations.keys, "images", signers.at("images")),
                                 .is_terminating = true,
                                 .paths = {"images/*/*/*", "images/*/*/*/*"}});
    delegations.roles.push_back({.name = std::string(packages_role),
                                 .keys = add_keys(delegations.keys, "targets", signers.at("targets")),
                                 .is_terminating = true,
                                 .paths = {"packages/*/*"}});
    top.delegations = std::move(delegations);
    return top;
}

tuf::Targets make_bins(const Signers& signers) {
    tuf::Targets packages;
    packages.version = 0;
    tuf::Delegations delegations;
    const tuf::RoleKeys keys = add_keys(delegations.keys, "targets", signers.at("targets"));
    for (unsigned bin = 0; bin < bin_count; ++bin)
        delegations.roles.push_back({.name = bin_name(bin),
                                     .keys = keys,
                                     .is_terminating = true,
                                     .hash_prefixes = {std::format("{:02x}", bin)}});
    packages.delegations = std::move(delegations);
    return packages;
}

/// The newest N.root.json; all of them are there, from the first on. 0: none.
std::uint64_t find_newest_root(const fs::path& metadata) {
    std::uint64_t version = 0;
    while (fs::exists(metadata / std::format("{}.root.json", version + 1))) ++version;
    return version;
}

[[noreturn]] void refuse_no_repository(const fs::path& directory) {
    throw UsageError(std::format("there is no repository in '{}'", directory.string()))
        .hint("make one with: cairn repo init DIR");
}

void announce_wait(const fs::path& path) {
    std::fprintf(stderr, "waiting for another command that changes '%s'\n", path.parent_path().c_str());
}

}  // namespace

Repository::Repository(fs::path directory)
    : directory_(std::move(directory)),
      lock_(directory_ / ".lock", FileLock::Mode::exclusive, &announce_wait) {}

fs::path Repository::metadata_path() const {
    return directory_ / metadata_folder;
}

fs::path Repository::targets_path() const {
    return directory_ / targets_folder;
}

fs::path Repository::pending_path() const {
    return directory_ / pending_file;
}

Repository Repository::init(const fs::path& directory, const Signers& signers, const Signing& signing,
                            tuf::Time now, const FirstRoot& first) {
    if (fs::exists(directory) && !(fs::is_directory(directory) && fs::is_empty(directory)))
        throw UsageError(std::format("'{}' is not an empty directory", directory.string()))
            .hint("a new repository gets a new directory");
    tuf::Root root =
        make_root(signers);  // the one thing that a person can get wrong: before anything is made
    tuf::Targets top = make_top(signers);
    ChangedRole first_root = make_first_root(root, first, now);
    make_directories(directory / metadata_folder);
    make_directories(directory / targets_folder);
    Repository repository(directory);
    repository.load();
    repository.root_ = std::move(root);
    repository.first_root_ = std::move(first_root);
    repository.targets_["targets"] = std::move(top);
    repository.targets_[std::string(images_role)].version = 0;
    repository.targets_[std::string(packages_role)] = make_bins(signers);
    for (unsigned bin = 0; bin < bin_count; ++bin) repository.targets_[bin_name(bin)].version = 0;
    for (const auto& [role, targets] : repository.targets_) repository.changed_.insert(role);
    repository.change_root();
    try {
        repository.commit(signing, now);
    } catch (const Error&) {
        repository.drop_pending();
        throw;
    }
    repository.first_root_.reset();
    return repository;
}

Repository Repository::init(const fs::path& directory, crypto::KeyDirectory& keys, tuf::Time now) {
    return init(directory, signers_of(keys), Signing(keys), now);
}

Repository Repository::open(const fs::path& directory) {
    Repository repository = open_to_sign(directory);
    if (!repository.is_published())
        throw UsageError(std::format("the repository in '{}' waits for the signatures of its first root",
                                     directory.string()))
            .hint(std::format("those who have its keys: cairn repo sign {}", directory.string()));
    return repository;
}

Repository Repository::open_to_sign(const fs::path& directory) {
    if (!fs::is_directory(directory / metadata_folder)) refuse_no_repository(directory);
    Repository repository(directory);
    with_context(std::format("reading the repository in '{}'", directory.string()),
                 [&] { repository.load(); });
    if (!repository.is_published() && !repository.pending_) refuse_no_repository(directory);
    return repository;
}

/// Everything from disk; what was changed in memory is gone.
void Repository::load() {
    targets_.clear();
    changed_.clear();
    trusted_.reset();
    pending_.reset();
    root_ = {};
    timestamp_ = {};
    snapshot_ = {};
    root_.version = timestamp_.version = snapshot_.version = 0;
    if (find_newest_root(metadata_path()) > 0) load_published();
    load_pending();
}

void Repository::load_published() {
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
    return is_bin(role) ? std::string(packages_role) : "targets";
}

const tuf::Targets& Repository::targets(const std::string& role) {
    if (const auto known = targets_.find(role); known != targets_.end()) return known->second;
    CHECK(trusted_ != nullptr);
    if (role != "targets" && find_delegation(role) == nullptr)
        throw UsageError(std::format("the repository has no role '{}'", role));
    const std::string file = tuf::metadata_file_name(role, trusted_->listed(role).version);
    trusted_->update_targets(read_file(metadata_path() / file), role, parent_of(role));
    return targets_[role] = *trusted_->find_targets(role);
}

const tuf::Delegation* Repository::find_delegation(const std::string& role) {
    const auto& delegations = targets(parent_of(role)).delegations;
    if (!delegations) return nullptr;
    const auto found = std::ranges::find(delegations->roles, role, &tuf::Delegation::name);
    return found == delegations->roles.end() ? nullptr : &*found;
}

const tuf::RoleKeys& Repository::signers(const std::string& role) {
    if (const auto top = root_.roles.find(role); top != root_.roles.end()) return top->second;
    const tuf::Delegation* const delegation = find_delegation(role);
    if (delegation == nullptr) throw UsageError(std::format("the repository has no role '{}'", role));
    return delegation->keys;
}

std::chrono::days Repository::lifetime(const std::string& role) {
    const tuf::Delegation* const delegation = root_.roles.contains(role) ? nullptr : find_delegation(role);
    if (delegation == nullptr || delegation->days == 0) return lifetime_of(role);
    return std::chrono::days(delegation->days);
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

void Repository::add_role(const std::string& role) {
    targets_[role] = {};
    targets_[role].version = published_version(role);
    changed_.insert(role);
}

std::uint64_t Repository::published_version(const std::string& role) const {
    if (trusted_ == nullptr) return 0;
    if (role == "root") return trusted_->root().version;
    if (role == "timestamp") return trusted_->timestamp()->version;
    if (role == "snapshot") return trusted_->snapshot()->version;
    const auto& files = trusted_->snapshot()->files;
    const auto file = files.find(role + ".json");
    return file == files.end() ? 0 : file->second.version;
}

std::string Repository::published_text(const std::string& role) const {
    if (role == "timestamp") return read_file(metadata_path() / "timestamp.json");
    return read_file(metadata_path() / tuf::metadata_file_name(role, published_version(role)));
}

}  // namespace cairn::repo
