#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "installer/settings/pattern.h"
#include "pkg/base/json.h"
#include "pkg/base/toml.h"

namespace cairn::settings {

enum class Kind {
    boolean,
    integer,
    string,
    enumeration,
    list,    // items of one kind, in order
    table,   // entries of one kind, by names that people choose
    record,  // fields whose names and kinds the schema fixes
};

/// What one value may be, and the values within it (FORMAT.md, "Types").
struct Definition {
    std::string name;  // of a field; else empty
    Kind kind = Kind::boolean;
    bool is_secret = false;  // the value is never shown; holds for everything within it too
    bool is_required = false;
    bool is_multiline = false;  // string: '\n' and '\t' may stand in it; other control letters never
    bool is_unique = false;     // list: no item twice
    std::optional<Json> default_value;
    // Integer: the value. String: how many letters. List, table: how many items.
    std::int64_t least = std::numeric_limits<std::int64_t>::min();
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::optional<Pattern> pattern;    // string: the value; table: the names
    std::vector<std::string> choices;  // enumeration
    std::vector<Definition> item;      // list, table: just one
    std::vector<Definition> fields;    // record: by name

    bool operator==(const Definition&) const = default;
    const Definition* find_field(std::string_view field) const;
    /// Whether it or anything within it is a secret.
    bool has_secret() const;
};

/// Reads the keys of a definition; the caller asks for its own keys too and calls finish(). Throws UsageError
/// with file, line and column.
Definition read_definition(TomlTable& table);

/// A plain word of a setting's path or a field: a small letter, then small letters, digits and '_', at
/// most 63.
bool is_setting_word(std::string_view word);

/// What is allowed, for messages: "an integer from 1 to 10".
std::string describe_allowed(const Definition& definition);

}  // namespace cairn::settings
