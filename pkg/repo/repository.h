#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/files.h"
#include "pkg/crypto/key_directory.h"
#include "pkg/tuf/trusted.h"

namespace cairn::repo {

/// How roles are signed.
struct Signing {
    /// Gives the key of a role, from a file or a command.
    std::function<std::unique_ptr<crypto::Signer>(crypto::Role)> signer;
    /// Signs a new root too: the root key that is being replaced.
    crypto::Signer* former_root = nullptr;
    /// How long snapshot and timestamp hold, if not as usual: copies on sticks.
    std::optional<std::chrono::days> lifetime = {};
};
/// All with one directory's keys; borrows it.
Signing sign_with(crypto::KeyDirectory& keys);

/// A repository as its maker sees it: read and verified from its directory (TUF specification 1.0, section
/// 4), changed in memory, and written so that readers see the old or the new state, never a mix.
///
/// The directory is locked while one of these lives; other makers wait.
class Repository {
  public:
    /// Makes an empty one: all roles with the keys of `keys`, threshold 1. Throws UsageError when there is
    /// something in the directory.
    static Repository init(const std::filesystem::path& directory, crypto::KeyDirectory& keys, tuf::Time now);
    /// Reads root, timestamp, snapshot, targets and verifies them, expired ones too: whoever signs anew must
    /// be able to. Throws VerifyError or UsageError.
    static Repository open(const std::filesystem::path& directory);

    const std::filesystem::path& path() const { return directory_; }
    std::filesystem::path metadata_path() const;
    std::filesystem::path targets_path() const;

    const tuf::Root& root() const { return root_; }
    const tuf::Timestamp& timestamp() const { return timestamp_; }
    const tuf::Snapshot& snapshot() const { return snapshot_; }
    /// A targets role, read when it is first asked for, as `parent` delegates to it.
    const tuf::Targets& targets(const std::string& role);
    /// All targets roles below "targets", each after the one that delegates to it.
    std::vector<std::string> list_roles();

    // Changes are written by `commit` only.
    tuf::Targets& change_targets(const std::string& role);
    tuf::Root& change_root();
    /// A role is to be signed again although nothing in it changed.
    void renew(const std::string& role);

    /// Signs what changed, with new versions and expiries, and writes it: new files first, the timestamp
    /// last, by a rename.
    void commit(const Signing& signing, tuf::Time now);

  private:
    explicit Repository(std::filesystem::path directory);
    void load();
    std::string parent_of(const std::string& role) const;
    void write_metadata(const std::string& role, std::uint64_t version, const std::string& text) const;
    std::string sign(const std::string& role, const Json& signed_part, const Signing& signing) const;
    void commit_root(const Signing& signing, tuf::Time now);
    void commit_targets(const std::string& role, const Signing& signing, tuf::Time now);

    std::filesystem::path directory_;
    FileLock lock_;
    tuf::Root root_;
    tuf::Timestamp timestamp_;
    tuf::Snapshot snapshot_;
    std::map<std::string, tuf::Targets> targets_;
    std::set<std::string> changed_;
    std::unique_ptr<tuf::TrustedMetadata> trusted_;
};

/// Which of the maker's keys signs a role.
crypto::Role key_of(const std::string& role);

}  // namespace cairn::repo
