#include "installer/slots/boot_file_root.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/text.h"

namespace cairn::slots {

namespace {

// Offsets of the PE/COFF specification.
constexpr std::size_t dos_header_end = 64;
constexpr std::size_t pe_offset_field = 60;
constexpr std::size_t file_header_size = 24;  // with the signature
constexpr std::size_t section_header_size = 40;
constexpr std::uint32_t pe_signature = 0x4550;
constexpr std::size_t most_sections = 96;
constexpr std::uint32_t most_command_line = 64 * 1024;
constexpr std::string_view root_word = "roothash=";

/// Numbers in a piece of the file; reading past its end throws.
class Piece {
  public:
    Piece(int fd, std::uint64_t offset, std::size_t size, const std::string& name) : bytes_(size) {
        read_exactly_at(fd, bytes_, offset, name);
    }
    template <class Integer>
    Integer get(std::size_t offset) const {
        Integer number = {};
        std::memcpy(&number, std::span(bytes_).subspan(offset, sizeof number).data(), sizeof number);
        return number;
    }
    std::string_view text(std::size_t offset, std::size_t size) const {
        const auto part = std::span(bytes_).subspan(offset, size);
        const std::string_view text(reinterpret_cast<const char*>(part.data()), part.size());
        return text.substr(0, text.find('\0'));
    }

  private:
    std::vector<std::uint8_t> bytes_;
};

std::string read_command_line(int fd, const std::string& name) {
    const Piece dos(fd, 0, dos_header_end, name);
    if (dos.get<std::uint16_t>(0) != 0x5A4D) return {};
    const std::uint64_t pe = dos.get<std::uint32_t>(pe_offset_field);
    const Piece head(fd, pe, file_header_size, name);
    if (head.get<std::uint32_t>(0) != pe_signature) return {};
    const std::size_t count = std::min<std::size_t>(head.get<std::uint16_t>(6), most_sections);
    const Piece sections(fd, pe + file_header_size + head.get<std::uint16_t>(20), count * section_header_size,
                         name);
    for (std::size_t at = 0; at < count * section_header_size; at += section_header_size) {
        if (sections.text(at, 8) != ".cmdline") continue;
        const std::uint32_t size =
            std::min(sections.get<std::uint32_t>(at + 8), sections.get<std::uint32_t>(at + 16));
        if (size > most_command_line) return {};
        return std::string(Piece(fd, sections.get<std::uint32_t>(at + 20), size, name).text(0, size));
    }
    return {};
}

}  // namespace

std::optional<std::string> find_root_of_boot_file(int fd, const std::string& name) {
    std::string command_line;
    try {
        command_line = read_command_line(fd, name);
    } catch (const SystemError&) {
        throw;
    } catch (const Error&) {
        return std::nullopt;  // it ends too early
    }
    for (const std::string& word : split_words(command_line)) {
        if (!word.starts_with(root_word)) continue;
        const std::string digits = word.substr(root_word.size());
        const auto bytes = find_hex(digits);
        return bytes && bytes->size() == 32 ? std::optional(to_hex(*bytes)) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace cairn::slots
