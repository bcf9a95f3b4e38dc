#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pkg/base/json.h"

/// Reading TOML files that people write: every key has to be asked for by name and type, and what was not
/// asked for is an error with file, line, column and the nearest known key. Wraps toml++.
namespace cairn {

/// One table of a TOML file being read. Cheap to copy; shares the parsed document.
class TomlTable {
  public:
    /// Parses a file or text. Syntax errors throw UsageError with file, line and column.
    static TomlTable read(const std::filesystem::path& path);
    static TomlTable parse(std::string_view text, const std::string& file_name);

    bool has(std::string_view key) const;
    std::vector<std::string> keys() const;

    // Each asks for one key: absent gives empty (or the default), a wrong type throws UsageError with its
    // place.
    std::optional<std::string> find_string(std::string_view key);
    std::optional<std::int64_t> find_integer(std::string_view key);
    std::optional<bool> find_bool(std::string_view key);
    std::string string_or(std::string_view key, std::string default_value);
    std::int64_t integer_or(std::string_view key, std::int64_t default_value);
    bool bool_or(std::string_view key, bool default_value);
    /// Throws UsageError when the key is absent.
    std::string required_string(std::string_view key);
    /// A list of strings; a single string counts as a list of one. Absent: empty.
    std::vector<std::string> strings(std::string_view key);
    std::optional<TomlTable> find_table(std::string_view key);
    /// `[[key]]` tables, in file order. Absent: empty.
    std::vector<TomlTable> tables(std::string_view key);
    /// A value of any type as JSON; dates, times and numbers with a point are refused.
    std::optional<Json> find_json(std::string_view key);

    /// Every key of this table must have been asked for by now; otherwise throws UsageError naming the
    /// unknown key, its place and the nearest known one. Call it after the last key of each table.
    void finish() const;

    /// Throws UsageError about the value of `key`, with file, line and column. Where the key is missing and
    /// an unknown one is nearly spelt like it, that one is shown.
    [[noreturn]] void fail(std::string_view key, const std::string& message) const;

    const std::string& file_name() const;
    /// "file:line:column" of the value of `key`, or of this table when it is not there.
    std::string place(std::string_view key) const;

    struct Document;
    struct Node;

  private:
    TomlTable(std::shared_ptr<const Document> document, const void* table, std::string path);
    const void* find_value(std::string_view key);

    std::shared_ptr<const Document> document_;
    const void* table_;  // borrowed from document_: a toml::table
    std::string path_;   // dotted name of this table, for messages
    std::shared_ptr<std::set<std::string, std::less<>>> asked_;
};

}  // namespace cairn
