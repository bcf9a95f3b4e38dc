#include "cli/term/columns.h"

#include <unistd.h>

#include <algorithm>
#include <format>

#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::term {
namespace {

const char* code_of(Colour colour) {
    switch (colour) {
        case Colour::strong:
            return "1";
        case Colour::good:
            return "32";
        case Colour::warning:
            return "33";
        case Colour::bad:
            return "1;31";
        case Colour::faint:
            return "2";
        case Colour::plain:
            break;
    }
    return "";
}

/// What a terminal shows of UTF-8: continuation bytes take no place.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char letter) { return (letter & 0xc0) != 0x80; }));
}

std::vector<std::size_t> find_widths(const std::vector<std::vector<Cell>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows)
        for (std::size_t i = 0; i + 1 < row.size(); ++i) {
            if (widths.size() <= i) widths.push_back(0);
            widths[i] = std::max(widths[i], width_of(row[i].text));
        }
    return widths;
}

}  // namespace

Painting painting_of_stdout() {
    const auto terminal = find_environment("TERM");
    const bool is_on =
        ::isatty(STDOUT_FILENO) == 1 && terminal && *terminal != "dumb" && !find_environment("NO_COLOR");
    return is_on ? Painting::on : Painting::off;
}

std::string paint(const Cell& cell, Painting painting) {
    if (painting == Painting::off || cell.colour == Colour::plain || cell.text.empty()) return cell.text;
    return std::format("\x1b[{}m{}\x1b[0m", code_of(cell.colour), cell.text);
}

std::string format_columns(const std::vector<std::vector<Cell>>& rows, Painting painting,
                           std::size_t indentation) {
    const auto widths = find_widths(rows);
    std::string text;
    for (const auto& row : rows) {
        std::string line(indentation, ' ');
        std::size_t place = indentation;
        for (std::size_t i = 0; i + 1 < row.size(); ++i) {
            line += paint(row[i], painting) + std::string(widths[i] - width_of(row[i].text) + 2, ' ');
            place += widths[i] + 2;
        }
        if (!row.empty()) {
            const auto lines = split(row.back().text, '\n');
            for (std::size_t i = 0; i < lines.size(); ++i)
                line += (i == 0 ? "" : "\n" + std::string(place, ' ')) +
                        paint({lines[i], row.back().colour}, painting);
        }
        while (line.ends_with(' ')) line.pop_back();
        text += line + "\n";
    }
    return text;
}

}  // namespace cairn::term
