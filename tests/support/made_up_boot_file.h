#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace cairn::testing {

/// A PE file of these sections, as far as anybody here reads it.
inline std::string make_pe(const std::vector<std::pair<std::string, std::string>>& sections) {
    constexpr std::size_t pe = 64, table = pe + 24, content = 512;
    std::string file(content, '\0');
    const auto put = [&](std::size_t offset, auto number) {
        std::memcpy(file.data() + offset, &number, sizeof number);
    };
    file.replace(0, 2, "MZ");
    put(60, std::uint32_t{pe});
    put(pe, std::uint32_t{0x4550});
    put(pe + 6, static_cast<std::uint16_t>(sections.size()));
    for (std::size_t index = 0; index < sections.size(); ++index) {
        const auto& [name, bytes] = sections[index];
        const std::size_t at = table + index * 40;
        file.replace(at, name.size(), name);
        put(at + 8, static_cast<std::uint32_t>(bytes.size()));
        put(at + 16, static_cast<std::uint32_t>(bytes.size()));
        put(at + 20, static_cast<std::uint32_t>(file.size()));
        file += bytes;
    }
    return file;
}

}  // namespace cairn::testing
