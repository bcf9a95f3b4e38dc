#include "pkg/archive/tar_writer.h"

#include <array>
#include <cstring>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::archive {
namespace {

constexpr std::size_t block_size = 512;
constexpr std::size_t buffer_size = 256 * 1024;
constexpr std::uint64_t largest_size = 077777777777;  // 11 octal digits
constexpr std::uint64_t largest_id = 07777777;        // 7 octal digits

struct Header {
    char name[100], mode[8], uid[8], gid[8], size[12], time[12], checksum[8], type, link[100], magic[6],
        version[2];
    char user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};
static_assert(sizeof(Header) == block_size);

/// Octal digits with leading zeros and a final NUL, as POSIX writes numbers.
template <std::size_t Size>
void put_octal(char (&field)[Size], std::uint64_t number) {
    for (std::size_t i = Size - 1; i-- > 0; number >>= 3) field[i] = static_cast<char>('0' + (number & 7));
    field[Size - 1] = '\0';
    CHECK(number == 0);
}

template <std::size_t Size>
void put_text(char (&field)[Size], const std::string& text) {
    std::memcpy(field, text.data(), std::min(text.size(), Size));
}

char type_of(Kind kind) {
    switch (kind) {
        case Kind::file:
            return '0';
        case Kind::hard_link:
            return '1';
        case Kind::symlink:
            return '2';
        case Kind::directory:
            return '5';
    }
    fail_check("Kind", __FILE__, __LINE__);
}

/// "<length> <key>=<value>\n", where the length counts itself.
std::string make_pax_record(const std::string& key, const std::string& value) {
    const std::size_t rest = key.size() + value.size() + 3;  // blank, '=', newline
    std::size_t length = rest + 1;
    while (rest + std::to_string(length).size() != length) length = rest + std::to_string(length).size();
    return std::format("{} {}={}\n", length, key, value);
}

std::string make_pax_records(const FileEntry& entry, const std::string& name) {
    std::string records;
    if (name.size() > sizeof Header::name) records += make_pax_record("path", name);
    if (entry.target.size() > sizeof Header::link) records += make_pax_record("linkpath", entry.target);
    if (entry.size > largest_size) records += make_pax_record("size", std::to_string(entry.size));
    if (entry.uid > largest_id) records += make_pax_record("uid", std::to_string(entry.uid));
    if (entry.gid > largest_id) records += make_pax_record("gid", std::to_string(entry.gid));
    for (const Xattr& xattr : entry.xattrs)
        records += make_pax_record("SCHILY.xattr." + xattr.name, xattr.value);
    return records;
}

std::string name_in_tar(const FileEntry& entry) {
    return entry.kind == Kind::directory ? entry.path + "/" : entry.path;
}

Header make_header(char type, const std::string& name) {
    Header header{};
    put_text(header.name, name);
    header.type = type;
    std::memcpy(header.magic, "ustar", 6);
    std::memcpy(header.version, "00", 2);
    put_octal(header.major, 0);
    put_octal(header.minor, 0);
    return header;
}

void put_checksum(Header& header) {
    std::memset(header.checksum, ' ', sizeof header.checksum);
    unsigned sum = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
    for (std::size_t i = 0; i < sizeof header; ++i) sum += bytes[i];
    char digits[7];
    put_octal(digits, sum);
    std::memcpy(header.checksum, digits, sizeof digits);  // six digits, NUL, and the blank that is there
}

std::span<const std::uint8_t> bytes_of(const auto& object) {
    return {reinterpret_cast<const std::uint8_t*>(&object), sizeof object};
}

}  // namespace

TarWriter::TarWriter(int fd, std::string name, std::uint64_t time)
    : fd_(fd), name_(std::move(name)), time_(time) {
    buffer_.reserve(buffer_size);
}

void TarWriter::add(const FileEntry& entry) {
    CHECK(expected_ == 0);
    add_pax_header(entry);
    add_header(entry);
    expected_ = current_size_ = entry.size;
}

void TarWriter::add_pax_header(const FileEntry& entry) {
    const std::string records = make_pax_records(entry, name_in_tar(entry));
    if (records.empty()) return;
    Header header = make_header('x', "pax");
    put_octal(header.mode, 0644);
    put_octal(header.uid, 0);
    put_octal(header.gid, 0);
    put_octal(header.size, records.size());
    put_octal(header.time, time_);
    put_checksum(header);
    append(bytes_of(header));
    append({reinterpret_cast<const std::uint8_t*>(records.data()), records.size()});
    append_padding(records.size());
}

void TarWriter::add_header(const FileEntry& entry) {
    Header header = make_header(type_of(entry.kind), name_in_tar(entry));
    put_octal(header.mode, entry.mode);
    put_octal(header.uid, entry.uid > largest_id ? 0 : entry.uid);
    put_octal(header.gid, entry.gid > largest_id ? 0 : entry.gid);
    put_octal(header.size, entry.size > largest_size ? 0 : entry.size);
    put_octal(header.time, time_);
    put_text(header.link, entry.target);
    put_checksum(header);
    append(bytes_of(header));
}

void TarWriter::write(std::span<const std::uint8_t> content) {
    CHECK(content.size() <= expected_);
    append(content);
    expected_ -= content.size();
    if (expected_ == 0 && !content.empty()) append_padding(current_size_);
}

void TarWriter::finish() {
    CHECK(expected_ == 0);
    const std::array<std::uint8_t, 2 * block_size> end{};
    append(end);
    flush();
}

void TarWriter::append(std::span<const std::uint8_t> bytes) {
    if (buffer_.size() + bytes.size() > buffer_size) flush();
    if (bytes.size() > buffer_size)
        write_all(fd_, bytes, name_);
    else
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void TarWriter::append_padding(std::uint64_t size) {
    const std::array<std::uint8_t, block_size> zeros{};
    const std::size_t over = static_cast<std::size_t>(size % block_size);
    if (over != 0) append(std::span(zeros).first(block_size - over));
}

void TarWriter::flush() {
    write_all(fd_, std::span<const std::uint8_t>(buffer_), name_);
    buffer_.clear();
}

}  // namespace cairn::archive
