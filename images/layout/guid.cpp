#include "images/layout/guid.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::layout {
namespace {

/// Where the n-th byte of the text is stored.
constexpr std::array<std::size_t, 16> stored_place = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

}  // namespace

std::optional<Guid> find_guid(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    for (const std::size_t dash : {8, 13, 18, 23})
        if (text[dash] != '-') return std::nullopt;
    const auto shown = find_hex(replace_all(to_lower(text), "-", ""));
    if (!shown || shown->size() != 16) return std::nullopt;
    return make_guid_showing(std::span<const std::uint8_t, 16>(*shown));
}

Guid parse_guid(std::string_view text) {
    const auto guid = find_guid(text);
    if (!guid) throw Error(std::format("'{}' is not a GUID", text));
    return *guid;
}

std::string to_text(const Guid& guid) {
    std::array<std::uint8_t, 16> shown;
    for (std::size_t index = 0; index < shown.size(); ++index) shown[index] = guid.bytes[stored_place[index]];
    const std::string hex = to_hex(shown);
    return std::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                       hex.substr(16, 4), hex.substr(20));
}

Guid make_guid_showing(std::span<const std::uint8_t, 16> bytes) {
    Guid guid;
    for (std::size_t index = 0; index < bytes.size(); ++index) guid.bytes[stored_place[index]] = bytes[index];
    return guid;
}

}  // namespace cairn::layout
