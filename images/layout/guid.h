#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cairn::layout {

/// A GUID in the byte order in which disks and firmware store it: the first three fields little-endian.
struct Guid {
    std::array<std::uint8_t, 16> bytes = {};
    friend auto operator<=>(const Guid&, const Guid&) = default;
};

/// "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", any case. Empty when the text is not of that form.
std::optional<Guid> find_guid(std::string_view text);
/// Throws Error where find_guid is empty.
Guid parse_guid(std::string_view text);
/// Lower case.
std::string to_text(const Guid& guid);

/// The GUID whose text shows these bytes in this order: how halves of a root hash become partition GUIDs and
/// UUIDs.
Guid make_guid_showing(std::span<const std::uint8_t, 16> bytes);

}  // namespace cairn::layout
