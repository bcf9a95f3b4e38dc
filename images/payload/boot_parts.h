#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pkg/base/json.h"

/// boot.json (FORMAT.md): a boot file as ranges of files that its root has anyway, and the small rest.
namespace cairn::payload {

/// A range of a file of the root.
struct RootRange {
    std::string file;  // in usr/lib/cairn/boot
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    friend bool operator==(const RootRange&, const RootRange&) = default;
};

/// One piece: its bytes, or where they are.
using BootPiece = std::variant<std::vector<std::uint8_t>, RootRange>;

struct BootParts {
    std::vector<BootPiece> pieces;  // in the boot file's order
    std::uint64_t size() const;     // of the boot file
    friend bool operator==(const BootParts&, const BootParts&) = default;
};

/// What a reader takes at most. A boot file has to fit on an ESP twice; the rest beside the root's files is
/// headers, texts and a signature.
inline constexpr std::uint64_t most_boot_file_bytes = std::uint64_t{256} << 20;
inline constexpr std::size_t most_boot_pieces = 1024;
inline constexpr std::uint64_t most_inline_bytes = 256 * 1024;

Json to_json(const BootParts& parts);
/// Throws VerifyError when it is not such a list, or larger than the numbers above; `name` is for the
/// message.
BootParts parse_boot_parts(const Json& json, std::string_view name);

/// Fills `into` from a file of the root, from `offset` on; throws when the file does not go that far.
using ReadRootFile =
    std::function<void(std::string_view file, std::uint64_t offset, std::span<std::uint8_t> into)>;
using BootFileSink = std::function<void(std::span<const std::uint8_t>)>;

/// Puts the boot file together, piece after piece, never more than 1 MiB at once. Nothing is proven here:
/// whoever wrote it compares the SHA-256 of all of it with the signed image.json.
void write_boot_file(const BootParts& parts, const ReadRootFile& read, const BootFileSink& sink);

}  // namespace cairn::payload
