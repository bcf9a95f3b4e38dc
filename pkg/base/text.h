#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Small operations on text that several folders need.
namespace cairn {

std::vector<std::string> split(std::string_view text, char separator);
/// Words separated by any white space; no empty ones.
std::vector<std::string> split_words(std::string_view text);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
std::string to_lower(std::string_view text);

/// Text of others for a log or a screen: control characters, which end lines and move cursors, become spaces.
std::string to_one_line(std::string_view text);
/// For people who compare: a space after each four characters.
std::string group_by_four(std::string_view digits);

/// Lower-case hexadecimal.
std::string to_hex(std::span<const std::uint8_t> bytes);
/// Empty when `text` is not an even number of hexadecimal digits.
std::optional<std::vector<std::uint8_t>> find_hex(std::string_view text);

/// "12.3 MB", decimal units as disks are sold.
std::string format_bytes(std::uint64_t bytes);
/// "4 min 12 s", "1.3 s", "0.02 s".
std::string format_duration(std::chrono::milliseconds duration);

/// Shell-style match of a whole relative path: `*` and `?` stay within one component, `**` crosses
/// components,
/// `[…]` is a set. "usr/lib/**" matches everything below usr/lib but not usr/lib itself.
bool is_glob_match(std::string_view pattern, std::string_view path);

/// The candidate that differs least from `word` (at most two letters, or a third of a long word), for "did
/// you mean".
std::optional<std::string> find_nearest(std::string_view word, std::span<const std::string> candidates);

/// Quotes one word for a POSIX shell.
std::string quote_for_shell(std::string_view word);

}  // namespace cairn
