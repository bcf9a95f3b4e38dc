#pragma once

#include <string>
#include <vector>

/// Text for people in aligned columns, with colour where a terminal shows it.
namespace cairn::term {

enum class Colour { plain, strong, good, warning, bad, faint };

/// One piece of a line. Made from text alone it is plain.
struct Cell {
    std::string text;
    Colour colour = Colour::plain;
    Cell(std::string plain) : text(std::move(plain)) {}
    Cell(const char* plain) : text(plain) {}
    Cell(std::string painted, Colour how) : text(std::move(painted)), colour(how) {}
};

enum class Painting { on, off };
/// On when standard output is a terminal that knows colours and NO_COLOR is not set.
Painting painting_of_stdout();

std::string paint(const Cell& cell, Painting painting);

/// Left-aligned columns with two spaces between; the last one of a row is not padded, and further lines of
/// its text stand below its first.
std::string format_columns(const std::vector<std::vector<Cell>>& rows, Painting painting,
                           std::size_t indentation = 0);

}  // namespace cairn::term
