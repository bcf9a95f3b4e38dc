#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/dir.h"
#include "pkg/base/json.h"
#include "pkg/package/head.h"

/// What is installed in a root, and what was done to it: the files below var/lib/cairn/packages that
/// FORMAT.md describes. Values and their reading; who changes them is transaction.h.
namespace cairn::rootfs {

/// Where the database is, in a root.
constexpr std::string_view state_path = "var/lib/cairn/packages";

/// One package of a root. The head with this id, in `heads/`, has the rest.
struct PackageRecord {
    std::string name;
    std::string version;
    std::string architecture;
    crypto::Hash id;
    auto operator<=>(const PackageRecord&) const = default;
};

/// `installed.json`.
struct Database {
    std::uint64_t transaction = 0;        // number of the last one; 0: there was none
    std::vector<PackageRecord> packages;  // sorted by name, each name once

    const PackageRecord* find(std::string_view name) const;
    bool operator==(const Database&) const = default;
};

/// What a transaction did to one package: `from` is empty for a new one, `to` for one that is gone.
struct PackageChange {
    std::string name;
    std::optional<PackageRecord> from;
    std::optional<PackageRecord> to;
    bool operator==(const PackageChange&) const = default;
};

/// `history/<number>.json`.
struct HistoryEntry {
    std::uint64_t number = 0;
    std::int64_t time = 0;  // seconds since 1970
    std::string command;    // install, upgrade, remove, rollback
    std::vector<PackageChange> changes;
    std::vector<std::string> kept;  // locally changed paths that were left as they were
    bool operator==(const HistoryEntry&) const = default;
};

/// Throw VerifyError for what is not as FORMAT.md says.
Json to_json(const Database& database);
Database database_from_json(const Json& json);
Json to_json(const HistoryEntry& entry);
HistoryEntry history_entry_from_json(const Json& json);

/// All from `state`, the opened directory of the database. Nothing there is an empty database.
Database read_database(const Dir& state);
/// The oldest first.
std::vector<HistoryEntry> read_history(const Dir& state);
/// Checks that it is the head that the record names. Throws VerifyError.
package::VerifiedHead read_head(const Dir& state, const PackageRecord& record);
std::vector<package::VerifiedHead> read_heads(const Dir& state, const Database& database);

/// The record of a package.
PackageRecord make_record(const package::VerifiedHead& head);

/// A whole small file. Empty when it is not there.
std::optional<std::string> find_text(const Dir& directory, std::string_view path);

}  // namespace cairn::rootfs
