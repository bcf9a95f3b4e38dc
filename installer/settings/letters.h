#pragma once

#include <cstddef>
#include <string_view>

/// Letters are Unicode code points: what patterns match and lengths count.
namespace cairn::settings {

/// The next code point of UTF-8, taken off the front; nothing sensible is there: `no_letter`, and `text`
/// stays.
constexpr char32_t no_letter = 0xFFFFFFFF;
char32_t take_letter(std::string_view& text);
/// How many code points; SIZE_MAX when it is not UTF-8.
std::size_t count_letters(std::string_view text);

}  // namespace cairn::settings
