#include "installer/settings/letters.h"

#include <cstdint>

namespace cairn::settings {
namespace {

struct Lead {
    unsigned length;
    char32_t bits;
    char32_t least;  // a longer form of a smaller letter is refused
};

Lead lead_of(unsigned char byte) {
    if (byte < 0x80) return {1, byte, 0};
    if (byte >= 0xC2 && byte < 0xE0) return {2, byte & 0x1FU, 0x80};
    if (byte >= 0xE0 && byte < 0xF0) return {3, byte & 0x0FU, 0x800};
    if (byte >= 0xF0 && byte < 0xF5) return {4, byte & 0x07U, 0x10000};
    return {0, 0, 0};
}

}  // namespace

char32_t take_letter(std::string_view& text) {
    if (text.empty()) return no_letter;
    const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
    if (lead.length == 0 || text.size() < lead.length) return no_letter;
    char32_t letter = lead.bits;
    for (unsigned i = 1; i < lead.length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0U) != 0x80) return no_letter;
        letter = letter << 6U | (byte & 0x3FU);
    }
    if (letter < lead.least || letter > 0x10FFFF || (letter >= 0xD800 && letter < 0xE000)) return no_letter;
    text.remove_prefix(lead.length);
    return letter;
}

std::size_t count_letters(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count)
        if (take_letter(text) == no_letter) return SIZE_MAX;
    return count;
}

}  // namespace cairn::settings
