#include "pkg/pkgar/reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <format>

#include "pkg/archive/tree.h"
#include "pkg/base/error.h"
#include "pkg/package/bytes.h"
#include "pkg/pkgar/blake3.h"
#include "pkg/pkgar/lzma2.h"

namespace cairn::pkgar {
namespace {

constexpr std::size_t piece = std::size_t{256} << 10;
constexpr std::size_t size_field = 8;

/// What a packed entry may grow to: as our own packages.
constexpr std::uint64_t largest_expansion(std::uint64_t stored) {
    return (std::uint64_t{64} << 20) + 1000 * stored;
}

/// The stored bytes of one entry, a piece at a time.
class StoredBytes {
  public:
    StoredBytes(int fd, const std::string& name, std::uint64_t offset, std::uint64_t size)
        : fd_(fd), name_(name), offset_(offset), left_(size), buffer_(std::min<std::uint64_t>(piece, size)) {}
    std::span<const std::uint8_t> next() {
        const auto part = std::span(buffer_).first(std::min<std::uint64_t>(buffer_.size(), left_));
        if (!part.empty()) read_exactly_at(fd_, part, offset_, name_);
        offset_ += part.size();
        left_ -= part.size();
        return part;
    }

  private:
    int fd_;
    const std::string& name_;
    std::uint64_t offset_;
    std::uint64_t left_;
    std::vector<std::uint8_t> buffer_;
};

std::string read_target(const Reader& reader, const Entry& entry) {
    std::string target;
    reader.read(entry, [&](std::span<const std::uint8_t> bytes) {
        target.append(bytes.begin(), bytes.end());
        if (target.size() > archive::TreeLimits::target)
            throw VerifyError(
                std::format("cannot use '{}' of the pkgar file: its target is longer than {} bytes",
                            entry.path, archive::TreeLimits::target));
    });
    if (target.empty() || target.contains('\0'))
        throw VerifyError(
            std::format("cannot use '{}' of the pkgar file: a link needs a target", entry.path));
    return target;
}

void extract_entry(const Reader& reader, const Entry& entry, const Dir& target) {
    const std::size_t slash = entry.path.rfind('/');
    if (slash != std::string::npos) target.make_directories(entry.path.substr(0, slash), 0755);
    if (entry.is_link) return target.make_symlink(read_target(reader, entry), entry.path);
    const Fd file = target.open_file(entry.path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    reader.read(entry,
                [&](std::span<const std::uint8_t> bytes) { write_all(file.get(), bytes, entry.path); });
    if (::fchmod(file.get(), entry.mode) != 0)
        throw SystemError(std::format("cannot set the mode of '{}'", entry.path));
}

}  // namespace

Reader open_pkgar(const std::filesystem::path& path, const crypto::PublicKey& key) {
    return with_context(std::format("opening '{}'", path.string()), [&] {
        const std::string name = path.string();
        Fd fd = open_file(path, O_RDONLY);
        const std::uint64_t size = file_size(fd.get(), name);
        if (size < header_size) throw VerifyError("cannot use the pkgar file: it is too short");
        std::array<std::uint8_t, header_size> header;
        read_exactly_at(fd.get(), header, 0, name);
        const std::uint64_t data_offset = header_size + entry_size * count_entries(header);
        if (size < data_offset) throw VerifyError("cannot use the pkgar file: it is too short");
        std::vector<std::uint8_t> bytes(data_offset);
        read_exactly_at(fd.get(), bytes, 0, name);
        return Reader(name, std::move(fd), parse_head(bytes, size - data_offset, key));
    });
}

void Reader::read_plain(const Entry& entry, const Sink& sink) const {
    std::uint64_t offset = head_.data_offset() + entry.offset;
    if (head_.packing == Packing::raw) {
        StoredBytes stored(fd_.get(), name_, offset, entry.size);
        for (auto part = stored.next(); !part.empty(); part = stored.next()) sink(part);
        return;
    }
    if (entry.size < size_field) throw VerifyError("its content is too short");
    std::array<std::uint8_t, size_field> field;
    read_exactly_at(fd_.get(), field, offset, name_);
    const std::uint64_t plain = package::ByteReader(field).take_number(size_field);
    const std::uint64_t packed = entry.size - size_field;
    if (plain > archive::TreeLimits::file || plain > largest_expansion(packed))
        throw VerifyError(std::format("{} bytes would unpack to {}", packed, plain));
    StoredBytes stored(fd_.get(), name_, offset + size_field, packed);
    unpack_lzma2(plain, [&] { return stored.next(); }, sink);
}

void Reader::read(const Entry& entry, const Sink& sink) const {
    with_context(std::format("reading '{}' of '{}'", entry.path, name_), [&] {
        Blake3Hasher hasher;
        read_plain(entry, [&](std::span<const std::uint8_t> bytes) {
            hasher.update(bytes);
            sink(bytes);
        });
        if (const crypto::Hash found = hasher.finish(); found != entry.content)
            throw VerifyError(
                std::format("cannot use '{}' of the pkgar file: its content is damaged", entry.path))
                .detail("expected", "blake3:" + entry.content.to_hex())
                .detail("found", "blake3:" + found.to_hex());
    });
}

void extract_pkgar(const Reader& reader, const Dir& target) {
    std::uint64_t size = 0;
    for (const Entry& entry : reader.head().entries) size += entry.is_link ? 0 : entry.size;
    if (size > archive::TreeLimits::content)
        throw VerifyError(std::format("cannot use the pkgar file: its files have together {} bytes", size));
    // Links last: nothing is written through one, and Dir would not follow it either.
    for (const bool is_link : {false, true})
        for (const Entry& entry : reader.head().entries)
            if (entry.is_link == is_link) extract_entry(reader, entry, target);
}

}  // namespace cairn::pkgar
