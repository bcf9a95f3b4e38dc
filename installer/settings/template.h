#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "installer/settings/values.h"

/// Templates: files below `/etc` that are made from settings (`/usr/lib/cairn/templates/*.toml`, FORMAT.md).
namespace cairn::settings {

/// How a value is written into the target's format. None lets a value end its line, but `text`.
enum class Escape {
    word,   // as it is; only letters that mean themselves in most formats, never empty
    line,   // as it is, to the end of a line
    text,   // as it is, with its lines
    shell,  // in single quotes
    json,   // as a JSON value; lists and tables too
    toml,   // as a TOML value; lists too
};

/// A piece of a template's text.
struct TemplatePart {
    enum class Kind { text, value, loop, condition };
    Kind kind = Kind::text;
    std::string text;                // of a text
    std::string path;                // of the others: a setting's path, or one that begins with a loop's name
    std::string key_name;            // loop over a table: what its names are called
    std::string item_name;           // loop
    std::vector<TemplatePart> body;  // loop, condition
    std::vector<TemplatePart> otherwise;  // condition
    std::size_t line = 0;
    bool operator==(const TemplatePart&) const = default;
};

struct Template {
    std::string name;
    std::string target;  // "etc/ntp.conf"
    mode_t mode = 0644;
    Escape escape = Escape::word;
    std::vector<std::string> services;  // restart when the file's content changes
    std::vector<TemplatePart> parts;
    bool operator==(const Template&) const = default;
};

/// Both throw UsageError with file and line.
Template parse_template(std::string_view text, const std::string& file_name);
Template read_template(const std::filesystem::path& file);

/// The settings that a template reads, sorted. Throws UsageError when it names one that the schema does not
/// have.
std::vector<std::string> find_settings_used(const Template& source, const Schema& schema);

/// The file's content; the same for the same values. Throws UsageError, naming template, line and path and
/// never the value, where a value cannot stand in the target's format.
std::string render(const Template& source, const Json& effective);

/// A value as the format has it; empty when it cannot stand in it.
std::optional<std::string> find_escaped(const Json& value, Escape escape);

}  // namespace cairn::settings
