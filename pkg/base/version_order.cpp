#include "pkg/base/version_order.h"

#include <algorithm>

namespace cairn {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool counts(char c) {
    return is_digit(c) || is_letter(c) || c == '-' || c == '.' || c == '~' || c == '^';
}

/// Takes the leading run of characters that `belongs` holds for.
template <class Belongs>
std::string_view take(std::string_view& rest, Belongs belongs) {
    const auto end = std::ranges::find_if_not(rest, belongs);
    const auto length = static_cast<std::size_t>(end - rest.begin());
    const std::string_view run = rest.substr(0, length);
    rest.remove_prefix(length);
    return run;
}

std::weak_ordering compare_numbers(std::string_view left, std::string_view right) {
    left.remove_prefix(std::min(left.find_first_not_of('0'), left.size()));
    right.remove_prefix(std::min(right.find_first_not_of('0'), right.size()));
    if (left.size() != right.size()) return left.size() <=> right.size();
    return left.compare(right) <=> 0;
}

/// Capitals come before small letters, as in ASCII; the shorter of two equal beginnings is lower.
std::weak_ordering compare_letters(std::string_view left, std::string_view right) {
    return left.compare(right) <=> 0;
}

/// `character` on one side only decides: for '~' the side that has it is lower, for all others it depends on
/// `lower`. On both sides it is dropped and the comparison goes on.
std::weak_ordering compare_mark(char character, bool having_is_lower, std::string_view& left,
                                std::string_view& right) {
    const bool on_left = left.starts_with(character);
    const bool on_right = right.starts_with(character);
    if (on_left && on_right) {
        left.remove_prefix(1);
        right.remove_prefix(1);
    }
    if (on_left == on_right) return std::weak_ordering::equivalent;
    return on_left == having_is_lower ? std::weak_ordering::less : std::weak_ordering::greater;
}

}  // namespace

std::weak_ordering compare_versions(std::string_view left, std::string_view right) {
    for (;;) {
        take(left, [](char c) { return !counts(c); });
        take(right, [](char c) { return !counts(c); });
        if (const auto order = compare_mark('~', true, left, right); order != 0) return order;
        if (left.empty() || right.empty()) return !left.empty() <=> !right.empty();
        // Of the marks that remain, the lower one comes first: '-', then '^', then '.', then letters and
        // digits.
        for (const char mark : {'-', '^', '.'})
            if (const auto order = compare_mark(mark, true, left, right); order != 0) return order;
        if (left.empty() || right.empty()) continue;
        if (is_digit(left[0]) || is_digit(right[0])) {
            // A number is newer than anything else that could stand in its place, even if it is 0.
            if (is_digit(left[0]) != is_digit(right[0])) return is_digit(left[0]) <=> is_digit(right[0]);
            if (const auto order = compare_numbers(take(left, is_digit), take(right, is_digit)); order != 0)
                return order;
        } else {
            if (const auto order = compare_letters(take(left, is_letter), take(right, is_letter)); order != 0)
                return order;
        }
    }
}

}  // namespace cairn
