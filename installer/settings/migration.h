#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pkg/base/json.h"

/// Migrations: how a document of one settings format becomes one of the next and back
/// (`/usr/lib/cairn/migrations/*.toml`, FORMAT.md). Forward and then backward gives back every value, because
/// what a step cannot tell from the outcome is kept beside it.
namespace cairn::settings {

struct MigrationStep {
    enum class Kind {
        move,    // from `path` to `to`
        add,     // the newer format has `path`; going back it is kept for the next way forward
        remove,  // the newer format lacks `path`; it is kept for the way back
        preset,  // `value`, where none is set
        map,     // values to other values
    };
    Kind kind = Kind::move;
    std::string path;
    std::string to;
    Json value;
    std::vector<std::pair<Json, Json>> values;  // map: older, newer
    bool operator==(const MigrationStep&) const = default;
};

/// From format `from` to `from` + 1.
struct Migration {
    std::int64_t from = 0;
    std::vector<MigrationStep> steps;
    std::string file;
    bool operator==(const Migration&) const = default;
};

/// Throws UsageError with file, line and column.
Migration parse_migration(std::string_view text, const std::string& file_name);
/// Those of a directory, by their formats. Throws UsageError when two begin at one format.
std::vector<Migration> read_migrations(const std::filesystem::path& directory);

/// A document and what steps have kept, both to be stored together.
struct Migrated {
    Json values = Json::object();
    Json kept = Json::object();
    bool operator==(const Migrated&) const = default;
};

/// Goes from one format to another, forward or backward, step by step. Changes nothing on disk, so it can be
/// tried before a reboot. Throws UsageError when a migration on the way is missing, or when a step would lay
/// one value over another.
Migrated migrate(Migrated state, const std::vector<Migration>& migrations, std::int64_t from,
                 std::int64_t to);

}  // namespace cairn::settings
