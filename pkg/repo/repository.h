#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/files.h"
#include "pkg/repo/change.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/role_signers.h"
#include "pkg/repo/signing.h"
#include "pkg/tuf/trusted.h"

namespace cairn::repo {

/// The first root of a new repository.
struct FirstRoot {
    /// A file with one that is signed already, as 1.root.json of another repository of the same signers: who
    /// trusts that trusts this one too. Must be of the same keys and thresholds. Empty: one is made.
    std::filesystem::path given = {};
    /// Of one that is made.
    std::chrono::days lifetime = lifetime_of("root");
};

/// How a commit ended: readers see it, or it waits for these signatures.
struct CommitResult {
    std::vector<Missing> missing;
    bool is_effective() const { return missing.empty(); }
};

/// A repository as its maker sees it: read and verified from its directory (TUF specification 1.0, section
/// 4), changed in memory, and written so that readers see the old or the new state, never a mix.
///
/// Where a threshold is more than one, or a key is elsewhere, a change waits beside what readers see until
/// it has all signatures (`pending`). One change waits at a time; others go on as long as they touch no role
/// of it.
///
/// The directory is locked while one of these lives; other makers wait.
class Repository {
  public:
    /// Makes an empty one. Throws UsageError when there is something in the directory. With thresholds above
    /// what is at hand it waits for signatures: see pending().
    static Repository init(const std::filesystem::path& directory, const Signers& signers,
                           const Signing& signing, tuf::Time now, const FirstRoot& first = {});
    /// All roles with the keys of `keys`, threshold 1.
    static Repository init(const std::filesystem::path& directory, crypto::KeyDirectory& keys, tuf::Time now);
    /// Reads root, timestamp, snapshot, targets and verifies them, expired ones too: whoever signs anew must
    /// be able to. Throws VerifyError or UsageError.
    static Repository open(const std::filesystem::path& directory);
    /// The same; also one that nobody sees yet, because its first root waits for signatures.
    static Repository open_to_sign(const std::filesystem::path& directory);

    const std::filesystem::path& path() const { return directory_; }
    std::filesystem::path metadata_path() const;
    std::filesystem::path targets_path() const;
    std::filesystem::path pending_path() const;

    const tuf::Root& root() const { return root_; }
    const tuf::Timestamp& timestamp() const { return timestamp_; }
    const tuf::Snapshot& snapshot() const { return snapshot_; }
    /// A targets role, read when it is first asked for, as `parent` delegates to it.
    const tuf::Targets& targets(const std::string& role);
    /// All targets roles below "targets", each after the one that delegates to it.
    std::vector<std::string> list_roles();
    /// Whose signatures count for a role now.
    const tuf::RoleKeys& signers(const std::string& role);
    /// How long its metadata holds when it is signed.
    std::chrono::days lifetime(const std::string& role);

    // Changes are written by `commit` only.
    tuf::Targets& change_targets(const std::string& role);
    tuf::Root& change_root();
    /// A role is to be signed again although nothing in it changed.
    void renew(const std::string& role);
    /// A targets role that `change_targets("targets")` has delegated to: empty, after the last version there
    /// was under this name.
    void add_role(const std::string& role);

    /// Signs what changed, with new versions and expiries. With all signatures it is written: new files
    /// first, the timestamp last, by a rename. Else it waits, and this object is as before the change.
    /// Throws UsageError when none of the keys signs any of it, or when another change of one of these roles
    /// waits already.
    CommitResult commit(const Signing& signing, tuf::Time now,
                        std::optional<std::chrono::days> lifetime = {});

    /// What waits for signatures.
    const std::optional<Change>& pending() const { return pending_; }
    /// Adds what these keys sign to what waits, and makes it effective when nothing is missing. Throws
    /// UsageError when they add nothing.
    CommitResult sign_pending(const Signing& signing, tuf::Time now);
    /// The same for who only brings signatures of others: nothing has to be added.
    CommitResult finish_pending(const Signing& signing, tuf::Time now);
    /// Takes signatures from a copy that was signed elsewhere; when nothing waits, the copy itself, if it
    /// follows on what is published. Throws UsageError or VerifyError. Gives how many were new.
    std::size_t take(Change copy);
    /// Gives up what waits. Published things stay as they are.
    void drop_pending();

  private:
    explicit Repository(std::filesystem::path directory);
    bool is_published() const { return root_.version > 0; }
    void load();
    void load_published();
    void load_pending();
    void drop_overtaken(Change& change) const;
    bool is_done(const Change& change) const;
    std::string parent_of(const std::string& role) const;
    const tuf::Delegation* find_delegation(const std::string& role);
    std::uint64_t published_version(const std::string& role) const;
    std::string published_text(const std::string& role) const;

    // In commit.cpp.
    Change make_change(tuf::Time now);
    void add_signers(Change& change);
    std::vector<Missing> add_snapshot(Change& change, const Signing& signing, tuf::Time now,
                                      std::optional<std::chrono::days> lifetime) const;
    bool needs_snapshot(const Change& change) const;
    void check_follows(const Change& change) const;
    void check_free(const Change& change) const;
    CommitResult settle(Change change, const Signing& signing, tuf::Time now,
                        std::optional<std::chrono::days> lifetime);
    void verify(const Change& change) const;
    void write(const Change& change) const;
    void store_pending(Change change);
    Change checked_pending();

    std::filesystem::path directory_;
    FileLock lock_;
    tuf::Root root_;
    tuf::Timestamp timestamp_;
    tuf::Snapshot snapshot_;
    std::map<std::string, tuf::Targets> targets_;
    std::set<std::string> changed_;
    std::unique_ptr<tuf::TrustedMetadata> trusted_;
    std::optional<Change> pending_;
    std::optional<ChangedRole> first_root_;  // while a new repository is made
};

}  // namespace cairn::repo
