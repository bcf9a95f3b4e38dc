#include "images/assemble/uki.h"

#include <algorithm>
#include <cstring>
#include <format>
#include <limits>
#include <optional>
#include <string_view>

#include "pkg/base/error.h"

namespace cairn::assemble {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Offsets of the PE/COFF specification.
constexpr std::size_t dos_header_end = 64;
constexpr std::size_t pe_offset_field = 60;
constexpr std::size_t file_header_size = 24;  // with the signature
constexpr std::size_t section_header_size = 40;
constexpr std::uint16_t pe32_plus = 0x20b;
constexpr std::uint32_t initialised_readable_data = 0x40000040;

template <class Integer>
Integer get(const Bytes& file, std::size_t offset) {
    if (offset > file.size() || file.size() - offset < sizeof(Integer)) throw Error("boot stub is cut off");
    Integer number;
    std::memcpy(&number, file.data() + offset, sizeof number);
    return number;
}

template <class Integer>
void put(Bytes& file, std::size_t offset, Integer number) {
    CHECK(offset + sizeof number <= file.size());
    std::memcpy(file.data() + offset, &number, sizeof number);
}

std::uint32_t align(std::uint64_t number, std::uint32_t alignment) {
    const std::uint64_t aligned = (number + alignment - 1) / alignment * alignment;
    if (aligned > std::numeric_limits<std::uint32_t>::max())
        throw Error("boot file would be larger than 4 GiB");
    return static_cast<std::uint32_t>(aligned);
}

struct Section {
    std::size_t header = 0;  // its offset
    std::uint32_t virtual_size = 0;
    std::uint32_t address = 0;
    std::uint32_t raw_size = 0;
    std::uint32_t raw_offset = 0;
};

/// A PE file in memory whose sections can be read and added to.
class PeFile {
  public:
    PeFile(std::span<const std::uint8_t> bytes, layout::Architecture architecture);

    std::optional<Section> find_section(std::string_view name) const;
    std::string_view content(const Section& section) const;
    /// False when `content` is larger than the room that the section has in the file.
    bool replace(const Section& section, std::string_view content);
    void append(std::string_view name, std::span<const std::uint8_t> content);
    Bytes finish(std::uint32_t time) &&;

  private:
    Section section_at(std::size_t index) const;
    std::size_t section_count() const { return get<std::uint16_t>(file_, pe_ + 6); }
    void check_machine(layout::Architecture architecture) const;

    Bytes file_;
    std::size_t pe_ = 0;
    std::size_t optional_ = 0;
    std::size_t sections_ = 0;
    std::uint32_t section_alignment_ = 0;
    std::uint32_t file_alignment_ = 0;
};

PeFile::PeFile(std::span<const std::uint8_t> bytes, layout::Architecture architecture)
    : file_(bytes.begin(), bytes.end()) {
    if (file_.size() < dos_header_end || file_[0] != 'M' || file_[1] != 'Z')
        throw Error("boot stub is not a PE program");
    pe_ = get<std::uint32_t>(file_, pe_offset_field);
    if (get<std::uint32_t>(file_, pe_) != 0x4550) throw Error("boot stub is not a PE program");
    optional_ = pe_ + file_header_size;
    if (get<std::uint16_t>(file_, optional_) != pe32_plus)
        throw Error("boot stub is not a 64-bit PE program");
    sections_ = optional_ + get<std::uint16_t>(file_, pe_ + 20);
    section_alignment_ = get<std::uint32_t>(file_, optional_ + 32);
    file_alignment_ = get<std::uint32_t>(file_, optional_ + 36);
    if (section_alignment_ == 0 || file_alignment_ == 0) throw Error("boot stub has no section alignment");
    check_machine(architecture);
    if (get<std::uint32_t>(file_, optional_ + 108) > 4 &&
        get<std::uint32_t>(file_, optional_ + 112 + 4 * 8) != 0)
        throw Error("boot stub is signed: adding sections would break its signature");
}

void PeFile::check_machine(layout::Architecture architecture) const {
    const auto machine = get<std::uint16_t>(file_, pe_ + 4);
    const std::uint16_t expected = architecture == layout::Architecture::x86_64 ? 0x8664 : 0xaa64;
    if (machine != expected)
        throw Error(std::format("boot stub is for machine {:#06x}, not for {} ({:#06x})", machine,
                                layout::to_text(architecture), expected));
}

Section PeFile::section_at(std::size_t index) const {
    const std::size_t at = sections_ + index * section_header_size;
    Section section = {.header = at,
                       .virtual_size = get<std::uint32_t>(file_, at + 8),
                       .address = get<std::uint32_t>(file_, at + 12),
                       .raw_size = get<std::uint32_t>(file_, at + 16),
                       .raw_offset = get<std::uint32_t>(file_, at + 20)};
    if (std::uint64_t{section.raw_offset} + section.raw_size > file_.size())
        throw Error("boot stub is cut off");
    return section;
}

std::optional<Section> PeFile::find_section(std::string_view name) const {
    for (std::size_t index = 0; index < section_count(); ++index) {
        const Section section = section_at(index);
        const auto* const text = reinterpret_cast<const char*>(file_.data() + section.header);
        if (std::string_view(text, strnlen(text, 8)) == name) return section;
    }
    return std::nullopt;
}

std::string_view PeFile::content(const Section& section) const {
    return {reinterpret_cast<const char*>(file_.data()) + section.raw_offset,
            std::min(section.virtual_size, section.raw_size)};
}

bool PeFile::replace(const Section& section, std::string_view content) {
    if (content.size() > section.raw_size) return false;
    const auto start = file_.begin() + section.raw_offset;
    std::fill(start, start + section.raw_size, std::uint8_t{0});
    std::ranges::copy(content, start);
    put(file_, section.header + 8, static_cast<std::uint32_t>(content.size()));
    return true;
}

void PeFile::append(std::string_view name, std::span<const std::uint8_t> content) {
    const std::size_t count = section_count();
    const std::size_t header = sections_ + count * section_header_size;
    std::uint64_t room_end = get<std::uint32_t>(file_, optional_ + 60);
    std::uint64_t address = section_alignment_;
    for (std::size_t index = 0; index < count; ++index) {
        const Section section = section_at(index);
        if (section.raw_size > 0) room_end = std::min<std::uint64_t>(room_end, section.raw_offset);
        address = std::max<std::uint64_t>(address, std::uint64_t{section.address} + section.virtual_size);
    }
    if (header + section_header_size > room_end)
        throw Error(std::format("boot stub has no room in its header for section '{}'", name));

    const std::uint32_t raw_offset = align(file_.size(), file_alignment_);
    const std::uint32_t raw_size = align(content.size(), file_alignment_);
    const std::uint32_t placed = align(address, section_alignment_);
    file_.resize(align(std::uint64_t{raw_offset} + raw_size, file_alignment_));
    std::ranges::copy(content, file_.begin() + raw_offset);

    std::fill_n(file_.begin() + static_cast<std::ptrdiff_t>(header), section_header_size, std::uint8_t{0});
    std::ranges::copy(name, file_.begin() + static_cast<std::ptrdiff_t>(header));
    put(file_, header + 8, static_cast<std::uint32_t>(content.size()));
    put(file_, header + 12, placed);
    put(file_, header + 16, raw_size);
    put(file_, header + 20, raw_offset);
    put(file_, header + 36, initialised_readable_data);
    put(file_, pe_ + 6, static_cast<std::uint16_t>(count + 1));
    put(file_, optional_ + 8, get<std::uint32_t>(file_, optional_ + 8) + raw_size);  // SizeOfInitializedData
    put(file_, optional_ + 56,
        align(std::uint64_t{placed} + content.size(), section_alignment_));  // SizeOfImage
}

/// The checksum of the PE specification: 16-bit words added up with carry, plus the file's length.
std::uint32_t make_checksum(const Bytes& file) {
    std::uint64_t sum = 0;
    for (std::size_t offset = 0; offset < file.size(); offset += 2) {
        const std::uint16_t high = offset + 1 < file.size() ? file[offset + 1] : 0;
        sum += static_cast<std::uint16_t>(file[offset] | high << 8);
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint32_t>(sum + file.size());
}

Bytes PeFile::finish(std::uint32_t time) && {
    put(file_, pe_ + 8, time);
    put(file_, optional_ + 64, std::uint32_t{0});
    put(file_, optional_ + 64, make_checksum(file_));
    return std::move(file_);
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Firmware and stub look at the first section of a name, so the stub's own lines and ours go into one.
void add_sbat(PeFile& file, const std::string& sbat) {
    const auto present = file.find_section(".sbat");
    if (!present) return file.append(".sbat", bytes_of(sbat));
    std::string merged(file.content(*present));
    while (!merged.empty() && merged.back() == '\0') merged.pop_back();
    if (!merged.empty() && merged.back() != '\n') merged += '\n';
    // The first line of an SBAT section describes the section itself.
    merged += sbat.starts_with("sbat,") ? sbat.substr(sbat.find('\n') + 1) : sbat;
    if (!file.replace(*present, merged))
        throw Error("boot stub has no room for more lines in its section '.sbat'");
}

}  // namespace

std::vector<std::uint8_t> make_uki(const UkiParts& parts) {
    PeFile file(parts.stub, parts.architecture);
    for (const std::string_view name : {".linux", ".osrel", ".cmdline", ".initrd", ".uname"})
        if (file.find_section(name)) throw Error(std::format("boot stub has a section '{}' already", name));
    file.append(".linux", parts.kernel);
    file.append(".osrel", bytes_of(parts.os_release));
    file.append(".cmdline", bytes_of(parts.command_line));
    file.append(".initrd", parts.initfs);
    file.append(".uname", bytes_of(parts.kernel_release));
    add_sbat(file, parts.sbat);
    return std::move(file).finish(parts.time);
}

}  // namespace cairn::assemble
