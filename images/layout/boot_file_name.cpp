#include "images/layout/boot_file_name.h"

#include <charconv>
#include <format>

#include "pkg/base/text.h"

namespace cairn::layout {
namespace {

constexpr std::size_t longest_part = 64;
constexpr std::string_view suffix = ".efi";

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_version_character(char c) {
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '~' || c == '^';
}

std::optional<std::uint32_t> find_count(std::string_view text) {
    std::uint32_t value = 0;
    if (text.empty() || text.size() > 4) return std::nullopt;
    for (const char c : text)
        if (!is_digit(c)) return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// "3-0" or "3".
std::optional<TryCounter> find_counter(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto left = find_count(text.substr(0, dash));
    const auto done =
        dash == std::string_view::npos ? std::optional<std::uint32_t>(0) : find_count(text.substr(dash + 1));
    if (!left || !done) return std::nullopt;
    return TryCounter{*left, *done};
}

}  // namespace

bool is_image_name(std::string_view text) {
    if (text.empty() || text.size() > longest_part || !is_lower(text[0])) return false;
    for (const char c : text)
        if (!is_lower(c) && !is_digit(c) && c != '-') return false;
    return true;
}

bool is_image_version(std::string_view text) {
    if (text.empty() || text.size() > longest_part || !is_digit(text[0])) return false;
    for (const char c : text)
        if (!is_version_character(c)) return false;
    return true;
}

std::string to_text(const BootFileName& name) {
    if (!name.counter) return std::format("{}_{}{}", name.name, name.version, suffix);
    return std::format("{}_{}+{}-{}{}", name.name, name.version, name.counter->left, name.counter->done,
                       suffix);
}

std::optional<BootFileName> find_boot_file_name(std::string_view text) {
    if (text.size() <= suffix.size() || to_lower(text.substr(text.size() - suffix.size())) != suffix)
        return std::nullopt;
    text.remove_suffix(suffix.size());
    const std::size_t underscore = text.find('_');
    if (underscore == std::string_view::npos) return std::nullopt;
    const std::size_t plus = text.find('+', underscore);

    BootFileName name = {.name = std::string(text.substr(0, underscore)),
                         .version = std::string(text.substr(underscore + 1, plus == std::string_view::npos
                                                                                ? std::string_view::npos
                                                                                : plus - underscore - 1))};
    if (!is_image_name(name.name) || !is_image_version(name.version)) return std::nullopt;
    if (plus == std::string_view::npos) return name;
    name.counter = find_counter(text.substr(plus + 1));
    if (!name.counter) return std::nullopt;
    return name;
}

}  // namespace cairn::layout
