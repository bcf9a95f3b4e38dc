#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "installer/settings/definition.h"

/// The schema: every setting that a device has, put together from the pieces that its packages ship
/// (`/usr/lib/cairn/settings/*.toml`, FORMAT.md).
namespace cairn::settings {

struct Setting {
    std::string path;  // "network.host_name"
    Definition definition;
    std::string description;
    bool is_first_boot = false;  // may come from the first-boot file
    std::string piece;           // who says so: the file's name without ".toml"
    std::string place;           // "file:line:column"

    bool operator==(const Setting&) const = default;
};

struct Piece {
    std::string name;
    std::vector<Setting> settings;
};

/// Both throw UsageError with file, line and column.
Piece parse_piece(std::string_view text, const std::string& file_name);
Piece read_piece(const std::filesystem::path& file);

class Schema {
  public:
    Schema() = default;
    /// Throws UsageError naming both pieces and places when two settings have one path, or when one's path is
    /// within another's.
    explicit Schema(const std::vector<Piece>& pieces);

    const std::map<std::string, Setting, std::less<>>& settings() const { return settings_; }
    /// Borrowed; null when there is none of that path.
    const Setting* find(std::string_view path) const;
    /// Whether settings lie below `path` ("network" for "network.host_name"); the empty path is such a one.
    bool is_group(std::string_view path) const;
    /// The words that may stand right below a group, for messages.
    std::vector<std::string> words_below(std::string_view path) const;
    /// Gives settings other defaults: {"time": {"zone": "UTC"}}. Throws InvalidSettings for a value that is
    /// not allowed, UsageError for one that may have no default (a secret's, a required one's).
    void set_defaults(const Json& document);

  private:
    std::map<std::string, Setting, std::less<>> settings_;
};

/// All pieces of a directory, in the order of their names. No directory: a schema without settings.
Schema read_schema(const std::filesystem::path& directory);

}  // namespace cairn::settings
