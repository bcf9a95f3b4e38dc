#include <algorithm>
#include <format>

#include "installer/settings/template.h"
#include "pkg/base/text.h"

namespace cairn::settings {
namespace {

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char letter) {
        return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
               (letter >= '0' && letter <= '9') || std::string_view("._:/@%+,=-").contains(letter);
    });
}

bool is_line(std::string_view text) {
    return std::ranges::none_of(
        text, [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; });
}

/// TOML's basic strings know JSON's escapes, and want DEL escaped as well.
std::string to_toml_string(const std::string& text) {
    return replace_all(Json(text).dump(), "\x7F", "\\u007F");
}

std::optional<std::string> find_toml(const Json& value) {
    if (value.is_string()) return to_toml_string(value.get<std::string>());
    if (!value.is_array()) return value.is_object() ? std::nullopt : std::optional(value.dump());
    std::vector<std::string> items;
    for (const Json& item : value) {
        const auto text = find_toml(item);
        if (!text) return std::nullopt;
        items.push_back(*text);
    }
    return std::format("[{}]", join(items, ", "));
}

}  // namespace

std::optional<std::string> find_escaped(const Json& value, Escape escape) {
    if (escape == Escape::json) return value.dump();
    if (escape == Escape::toml) return find_toml(value);
    if (value.is_structured() || value.is_null()) return std::nullopt;
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (text.contains('\0')) return std::nullopt;
    switch (escape) {
        case Escape::word:
            return is_word(text) ? std::optional(text) : std::nullopt;
        case Escape::line:
            return is_line(text) ? std::optional(text) : std::nullopt;
        case Escape::shell:
            return is_line(text) ? std::optional("'" + replace_all(text, "'", R"('\'')") + "'")
                                 : std::nullopt;
        default:
            return text;
    }
}

}  // namespace cairn::settings
