#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

/// JSON values (nlohmann/json) and the strict reading that all of our files and network input go through.
namespace cairn {

using Json = nlohmann::json;

/// Parses one JSON text. Refuses what the library would let pass: duplicate keys in an object, nesting deeper
/// than 64 levels, bytes after the value. `name` is for the error message. Throws VerifyError with line and
/// column.
Json parse_json(std::string_view text, std::string_view name);
Json read_json(const std::filesystem::path& path);

/// For files that people read: two-space indented, keys sorted, one final newline; U+FFFD for no UTF-8.
std::string format_json(const Json& value);

}  // namespace cairn
