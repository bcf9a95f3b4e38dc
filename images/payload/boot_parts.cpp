#include "images/payload/boot_parts.h"

#include <algorithm>
#include <format>

#include "images/layout/paths.h"
#include "images/payload/members.h"
#include "pkg/base/text.h"

namespace cairn::payload {
namespace {

constexpr int format_version = 1;
constexpr std::size_t bytes_at_once = 1 << 20;
constexpr std::size_t longest_path = 128;
constexpr std::string_view what = "a boot file";

std::uint64_t size_of(const BootPiece& piece) {
    if (const auto* const range = std::get_if<RootRange>(&piece)) return range->size;
    return std::get<std::vector<std::uint8_t>>(piece).size();
}

/// A file in the folder of boot parts itself: no other file of a root is anybody's business here.
bool is_boot_part(std::string_view path) {
    constexpr std::string_view folder = layout::paths::boot_folder;
    if (!path.starts_with(folder)) return false;
    const std::string_view rest = path.substr(folder.size());
    return rest.size() > 1 && rest[0] == '/' && rest[1] != '.' &&
           std::ranges::all_of(rest.substr(1), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
           });
}

std::vector<std::uint8_t> read_bytes(const Members& piece) {
    auto found = find_hex(piece.text("bytes", 2 * most_inline_bytes));
    if (!found || found->empty()) piece.refuse("'bytes' is not hexadecimal, or empty");
    return *std::move(found);
}

RootRange read_range(const Members& piece) {
    RootRange range = {.file = piece.text("file", longest_path),
                       .offset = piece.number("offset", most_boot_file_bytes),
                       .size = piece.number("size", most_boot_file_bytes)};
    if (!is_boot_part(range.file))
        piece.refuse(std::format("a 'file' is not one in '{}'", layout::paths::boot_folder));
    if (range.size == 0) piece.refuse("a piece is empty");
    return range;
}

}  // namespace

std::uint64_t BootParts::size() const {
    std::uint64_t size = 0;
    for (const BootPiece& piece : pieces) size += size_of(piece);
    return size;
}

Json to_json(const BootParts& parts) {
    Json pieces = Json::array();
    for (const BootPiece& piece : parts.pieces) {
        if (const auto* const range = std::get_if<RootRange>(&piece))
            pieces.push_back({{"file", range->file}, {"offset", range->offset}, {"size", range->size}});
        else
            pieces.push_back({{"bytes", to_hex(std::get<std::vector<std::uint8_t>>(piece))}});
    }
    return {{"format", format_version}, {"size", parts.size()}, {"pieces", pieces}};
}

BootParts parse_boot_parts(const Json& json, std::string_view name) {
    const Members members(json, name, what);
    if (members.member("format") != format_version) members.refuse("its format is another");
    BootParts parts;
    std::uint64_t inline_bytes = 0;
    for (const Json& entry : members.list("pieces", most_boot_pieces)) {
        const Members piece(entry, name, what);
        if (piece.has("bytes") == piece.has("file")) piece.refuse("a piece has 'bytes' or a 'file'");
        if (piece.has("file")) {
            parts.pieces.emplace_back(read_range(piece));
        } else {
            parts.pieces.emplace_back(read_bytes(piece));
            inline_bytes += size_of(parts.pieces.back());
        }
    }
    if (inline_bytes > most_inline_bytes)
        members.refuse(std::format("it has more than {} bytes that are not in the root", most_inline_bytes));
    // The bounds of number and size of pieces are small enough for this sum.
    if (parts.size() == 0 || parts.size() > most_boot_file_bytes)
        members.refuse(std::format("it would be empty, or larger than {} bytes", most_boot_file_bytes));
    if (members.size("size") != parts.size()) members.refuse("'size' is not the sum of its pieces");
    return parts;
}

void write_boot_file(const BootParts& parts, const ReadRootFile& read, const BootFileSink& sink) {
    std::vector<std::uint8_t> buffer;
    for (const BootPiece& piece : parts.pieces) {
        const auto* const range = std::get_if<RootRange>(&piece);
        if (range == nullptr) {
            sink(std::get<std::vector<std::uint8_t>>(piece));
            continue;
        }
        for (std::uint64_t done = 0; done < range->size; done += buffer.size()) {
            buffer.resize(std::min<std::uint64_t>(bytes_at_once, range->size - done));
            read(range->file, range->offset + done, buffer);
            sink(buffer);
        }
    }
}

}  // namespace cairn::payload
