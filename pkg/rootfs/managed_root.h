#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/dir.h"
#include "pkg/package/reader.h"
#include "pkg/rootfs/database.h"
#include "pkg/rootfs/plan.h"

/// A root whose packages are changed by transactions: all of one happens or nothing does, wherever it is
/// stopped. FORMAT.md has the files and the order of writes.
namespace cairn::rootfs {

/// Makes the contents of the regular files of one wanted package at their places below `work`; nothing that
/// is not what the file table says may get there.
using ContentSource = std::function<void(const Dir& work, const package::Places& places)>;

/// How far back a root can be taken, and for how long it says what was done.
struct HistoryLimits {
    static constexpr std::uint64_t contents = 10;  // transactions that can be undone
    static constexpr std::uint64_t entries = 1000;
};

class ManagedRoot {
  public:
    /// What was done about a transaction that an earlier process had begun.
    enum class Recovery { nothing, dropped, finished, undone };

    /// To change it: locks it against others and recovers it first. `command` is what the lock tells them.
    /// Throws Error naming the process that holds the lock, SystemError for a root that cannot be written.
    static ManagedRoot open(const std::filesystem::path& path, const std::string& command);
    /// To read it. Changes nothing unless a transaction was interrupted, which is recovered as above.
    static ManagedRoot open_to_read(const std::filesystem::path& path);

    const Dir& root() const { return root_; }
    const Database& database() const { return database_; }
    /// In the order of the database's packages.
    const std::vector<package::VerifiedHead>& installed() const { return installed_; }
    std::vector<HistoryEntry> history() const;
    Recovery recovery() const { return recovery_; }

    /// Looks at the root and says what would be done. See plan_changes and make_plan for what is refused.
    Plan plan(const Request& request) const;
    /// Does it. `sources` has one for each package of `request.add`, `entry` the time and the command; its
    /// number, changes and kept paths are filled in. On every failure the root is as it was before.
    void carry_out(const Request& request, const Plan& plan, const std::vector<ContentSource>& sources,
                   HistoryEntry entry);

    /// The wanted packages that take the root to the state before transaction `number`. The heads are kept
    /// in `heads`. Throws UsageError when that is too long ago, or there was no such transaction.
    Request plan_rollback(std::uint64_t number, std::vector<package::VerifiedHead>& heads) const;
    /// Contents out of what earlier transactions have replaced, and of what is installed. The root and the
    /// head must live as long.
    ContentSource old_contents(const package::VerifiedHead& head) const;

  private:
    ManagedRoot(Dir root, std::optional<Dir> state, Fd lock);
    void load();

    Dir root_;
    std::optional<Dir> state_;  // empty: there was never a transaction, and it is only read
    Fd lock_;
    Database database_;
    std::vector<package::VerifiedHead> installed_;
    Recovery recovery_ = Recovery::nothing;
};

/// Contents out of an open package, which must live as long.
ContentSource contents_of(const package::PackageReader& package);

}  // namespace cairn::rootfs
