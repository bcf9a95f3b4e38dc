#include "tests/support/fat_volume.h"

#include <fcntl.h>

#include <array>
#include <cstring>
#include <span>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::support {

namespace {

constexpr std::size_t entry_size = 32;
constexpr std::uint8_t long_name = 0x0f;
constexpr std::uint8_t label = 0x08;
constexpr std::uint8_t folder = 0x10;
constexpr std::uint32_t cluster_mask = 0x0fffffff;
constexpr std::uint32_t first_end_mark = 0x0ffffff8;
constexpr int deepest = 8;

template <class Integer>
Integer get(std::string_view bytes, std::size_t offset) {
    Integer number = {};
    std::memcpy(&number, bytes.substr(offset, sizeof number).data(), sizeof number);
    return number;
}

/// Of the short name: long names carry it, so that one left behind by another system is noticed.
std::uint8_t make_checksum(std::string_view entry) {
    std::uint8_t sum = 0;
    for (const char letter : entry.substr(0, 11))
        sum = static_cast<std::uint8_t>((sum >> 1) + (sum << 7) + static_cast<std::uint8_t>(letter));
    return sum;
}

std::string find_short_name(std::string_view entry) {
    const auto case_flags = get<std::uint8_t>(entry, 12);
    std::string base(trim(entry.substr(0, 8)));
    std::string extension(trim(entry.substr(8, 3)));
    if ((case_flags & 0x08) != 0) base = to_lower(base);
    if ((case_flags & 0x10) != 0) extension = to_lower(extension);
    return extension.empty() ? base : base + "." + extension;
}

/// The letters of one piece of a long name; ours are ASCII, every other one is shown as '?'.
std::string read_piece(std::string_view entry) {
    constexpr std::array places = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    std::string text;
    for (const auto place : places) {
        const auto letter = get<std::uint16_t>(entry, static_cast<std::size_t>(place));
        if (letter == 0 || letter == 0xffff) break;
        text += letter < 0x80 ? static_cast<char>(letter) : '?';
    }
    return text;
}

/// Collects the pieces, which stand before the entry that they name, the last first.
class LongName {
  public:
    void add(std::string_view entry) {
        const auto order = get<std::uint8_t>(entry, 0);
        const auto checksum = get<std::uint8_t>(entry, 13);
        const unsigned number = order & 0x1fU;
        if ((order & 0x40) != 0) {
            text_ = read_piece(entry);
        } else if (missing_ != 0 && number == missing_ && checksum == checksum_) {
            text_ = read_piece(entry) + text_;
        } else {
            clear();
            return;
        }
        missing_ = number == 0 ? 0 : number - 1;
        checksum_ = checksum;
    }
    std::string find(std::string_view entry) const {
        return missing_ == 0 && !text_.empty() && make_checksum(entry) == checksum_ ? text_
                                                                                    : find_short_name(entry);
    }
    void clear() {
        text_.clear();
        missing_ = 0;
    }

  private:
    std::string text_;
    unsigned missing_ = 0;  // pieces still to come
    std::uint8_t checksum_ = 0;
};

}  // namespace

FatVolume::FatVolume(const std::filesystem::path& disk, std::uint64_t offset)
    : disk_(open_file(disk, O_RDONLY)), offset_(offset) {
    const std::string boot = read_bytes(0, 512);
    const std::uint64_t sector = get<std::uint16_t>(boot, 11);
    const std::uint64_t reserved = get<std::uint16_t>(boot, 14);
    const std::uint64_t tables = get<std::uint8_t>(boot, 16);
    const std::uint64_t table_size = get<std::uint32_t>(boot, 36) * sector;
    cluster_size_ = get<std::uint8_t>(boot, 13) * sector;
    if (!boot.substr(82).starts_with("FAT32") || cluster_size_ == 0 || tables != 2)
        throw Error("there is no FAT32 file system with two tables").detail("in", disk.string());
    data_ = reserved * sector + tables * table_size;
    const std::string table = read_bytes(reserved * sector, table_size);
    table_.resize(table.size() / sizeof(std::uint32_t));
    std::memcpy(table_.data(), table.data(), table_.size() * sizeof(std::uint32_t));
    has_equal_tables_ = table == read_bytes(reserved * sector + table_size, table_size);
    structure_ = table;
    read_folder(get<std::uint32_t>(boot, 44), "", 0);
}

std::string FatVolume::read(const FatFile& file) const {
    CHECK(file.is_whole);
    std::string bytes = read_clusters(file.clusters);
    bytes.resize(file.size);
    return bytes;
}

std::string FatVolume::read_bytes(std::uint64_t offset, std::uint64_t size) const {
    std::string bytes(size, '\0');
    read_exactly_at(disk_.get(), std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()),
                    offset_ + offset, "the FAT file system");
    return bytes;
}

std::string FatVolume::read_clusters(const std::vector<std::uint32_t>& clusters) const {
    std::string bytes;
    bytes.reserve(clusters.size() * cluster_size_);
    for (std::size_t first = 0, next = 0; first < clusters.size(); first = next) {
        for (next = first + 1; next < clusters.size() && clusters[next] == clusters[next - 1] + 1;) ++next;
        bytes += read_bytes(data_ + (clusters[first] - 2) * cluster_size_, (next - first) * cluster_size_);
    }
    return bytes;
}

std::vector<std::uint32_t> FatVolume::follow(std::uint32_t first, bool& ends) const {
    std::vector<std::uint32_t> clusters;
    std::uint32_t at = first & cluster_mask;
    while (at >= 2 && at < table_.size() && clusters.size() < table_.size()) {
        clusters.push_back(at);
        at = table_[at] & cluster_mask;
    }
    ends = at >= first_end_mark || (clusters.empty() && at == 0);
    return clusters;
}

void FatVolume::read_folder(std::uint32_t first, const std::string& path, int depth) {
    bool ends = false;
    const std::string entries = read_clusters(follow(first, ends));
    structure_ += entries;
    LongName name;
    for (std::size_t at = 0; at + entry_size <= entries.size(); at += entry_size) {
        const std::string_view entry = std::string_view(entries).substr(at, entry_size);
        const auto attributes = get<std::uint8_t>(entry, 11);
        if (entry[0] == '\0') break;
        if (entry[0] == '\xe5') {
            name.clear();
        } else if ((attributes & 0x3f) == long_name) {
            name.add(entry);
        } else {
            if ((attributes & label) == 0 && entry[0] != '.')
                add_entry(entry, path + name.find(entry), depth);
            name.clear();
        }
    }
}

void FatVolume::add_entry(std::string_view entry, const std::string& path, int depth) {
    const std::uint32_t first =
        std::uint32_t{get<std::uint16_t>(entry, 20)} << 16 | get<std::uint16_t>(entry, 26);
    if ((get<std::uint8_t>(entry, 11) & folder) != 0) {
        if (depth < deepest) read_folder(first, path + "/", depth + 1);
        return;
    }
    FatFile file = {.path = path, .size = get<std::uint32_t>(entry, 28)};
    bool ends = false;
    file.clusters = follow(first, ends);
    file.is_whole = ends && file.clusters.size() * cluster_size_ >= file.size;
    files_.push_back(std::move(file));
}

}  // namespace cairn::support
