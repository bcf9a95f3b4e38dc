#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "installer/settings/migration.h"
#include "installer/settings/values.h"

/// The settings on disk (FORMAT.md, "The store"): each version a directory that never changes, and one link
/// that says which of them holds.
namespace cairn::settings {

/// Who changed the settings, when and why; kept with the version that the change made.
struct Change {
    std::int64_t time = 0;  // seconds since 1970, by the machine's clock
    std::string who;        // "admin 'laptop'", "first boot"
    std::string what;       // a line for the history
    bool operator==(const Change&) const = default;
};

struct HistoryEntry {
    std::uint64_t version = 0;
    std::uint64_t parent = 0;  // the version that it followed; 0: there was none
    /// The version whose values these are once more (0: nothing is set again); empty: they are new.
    std::optional<std::uint64_t> returned_to;
    /// The settings format that migrations made it from; what came before it is no way back.
    std::optional<std::int64_t> migrated_from;
    Change change;
    bool operator==(const HistoryEntry&) const = default;
};

/// One process at a time changes a store; a lock on it is held during each change. Reading takes none.
class Store {
  public:
    /// Makes the directory when it is missing. `versions_kept` is how much history there may be, the version
    /// that holds included.
    explicit Store(std::filesystem::path directory, std::size_t versions_kept = 50);

    /// The version that holds; 0: nothing has been set yet.
    std::uint64_t current() const;
    /// What was set in a version, as it stands there; of version 0 an empty table. Whether the schema still
    /// allows it is for verify_values to say. Throws Error when there is no such version (any more),
    /// VerifyError when it cannot be read.
    Json read(std::uint64_t version) const { return read_with_kept(version).values; }
    Json read_current() const { return read(current()); }
    /// Also what migrations have kept beside it, which every version hands on to the next.
    Migrated read_with_kept(std::uint64_t version) const;

    /// Makes these the settings. When it throws, or power fails during it, the settings are the old ones or
    /// these, whole. Gives the new version; when the values are what holds already, that one.
    std::uint64_t commit(const Values& values, const Change& change);

    /// The same for what migrations have made of another format's settings. They need not be allowed here: a
    /// version goes back to an older one whose schema it does not have.
    std::uint64_t commit_migrated(const Migrated& migrated, std::int64_t from_format, const Change& change);

    /// Oldest first, up to the version that holds.
    std::vector<HistoryEntry> history() const;
    /// What undo would return to: the version before the last change that was not undone itself. Empty when
    /// there is none, it is no longer kept, or that change was a migration.
    std::optional<std::uint64_t> find_undo() const;
    /// Commits the values of an older version once more, if `schema` still allows them (else
    /// InvalidSettings). Version 0 means that nothing is set.
    std::uint64_t return_to(std::uint64_t version, const Schema& schema, const Change& change);

  private:
    std::filesystem::path version_path(std::uint64_t version) const;
    std::vector<std::uint64_t> kept() const;
    HistoryEntry read_entry(std::uint64_t version) const;
    std::uint64_t add(const Migrated& content, HistoryEntry entry);
    void drop_leftovers(std::uint64_t holds) const;
    void drop_oldest() const;

    std::filesystem::path directory_;
    std::size_t versions_kept_;
};

/// What a store holds, and what migrations have kept beside it; of a directory that is not there, nothing.
/// For a process with more rights than the store's owner: it makes and changes nothing, follows no link, and
/// reads plain files only. Throws VerifyError when it cannot be read.
Migrated read_stored(const std::filesystem::path& directory);

}  // namespace cairn::settings
