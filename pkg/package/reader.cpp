#include "pkg/package/reader.h"

#include <fcntl.h>

#include <algorithm>
#include <format>

#include "pkg/base/error.h"

namespace cairn::package {
namespace {

VerifiedHead read_head(int fd, const std::string& name, const AllowedKeys& keys) {
    const std::uint64_t size = file_size(fd, name);
    if (size < Preamble::size) throw VerifyError("cannot use the package: it is too short");
    std::vector<std::uint8_t> bytes(Preamble::size);
    read_exactly_at(fd, bytes, 0, name);
    const Preamble preamble = parse_preamble(bytes);
    if (size != preamble.file_size())
        throw VerifyError(
            std::format("cannot use the package: it has {} bytes instead of {}", size, preamble.file_size()));
    bytes.resize(preamble.data_offset());
    read_exactly_at(fd, std::span(bytes).subspan(Preamble::size), Preamble::size, name);
    return verify_head(bytes, keys);
}

template <class Row, class Size>
std::vector<std::uint64_t> sum_up(const Row& row, Size size_of) {
    std::vector<std::uint64_t> sums{0};
    sums.reserve(row.size() + 1);
    for (const auto& item : row) sums.push_back(sums.back() + size_of(item));
    return sums;
}

}  // namespace

PackageReader::PackageReader(std::filesystem::path path, Fd fd, VerifiedHead head)
    : path_(std::move(path)),
      fd_(std::move(fd)),
      head_(std::move(head)),
      plain_offsets_(sum_up(chunks(), [](const Chunk& chunk) { return chunk.plain_size; })),
      stored_offsets_(sum_up(chunks(), [](const Chunk& chunk) { return chunk.stored_size; })),
      file_offsets_(sum_up(files().entries, [](const archive::FileEntry& entry) { return entry.size; })) {}

PackageReader open_package(const std::filesystem::path& path, const AllowedKeys& keys) {
    return with_context(std::format("opening package '{}'", path.string()), [&] {
        Fd fd = open_file(path, O_RDONLY);
        VerifiedHead head = read_head(fd.get(), path.string(), keys);
        return PackageReader(path, std::move(fd), std::move(head));
    });
}

void PackageReader::read_stored(std::span<std::uint8_t> bytes, std::uint64_t offset) const {
    read_exactly_at(fd_.get(), bytes, preamble().data_offset() + offset, path_.string());
}

std::span<const std::uint8_t> ChunkReader::read(std::size_t index) {
    if (index == current_) return plain_;
    const Chunk& chunk = package_->chunks()[index];
    current_ = static_cast<std::size_t>(-1);
    stored_.resize(chunk.stored_size);
    package_->read_stored(stored_, package_->stored_offsets_[index]);
    if (chunk.stored_size == chunk.plain_size) {
        plain_.swap(stored_);
    } else {
        plain_.resize(chunk.plain_size);
        with_context(std::format("reading chunk {} of package '{}'", index, package_->path_.string()),
                     [&] { decompressor_.decompress(stored_, plain_); });
    }
    if (crypto::hash_blake2b(plain_) != chunk.id)
        throw VerifyError(
            std::format("cannot use package '{}': chunk {} is damaged", package_->path_.string(), index))
            .detail("expected", "blake2b:" + chunk.id.to_hex())
            .detail("found", "blake2b:" + crypto::hash_blake2b(plain_).to_hex());
    current_ = index;
    return plain_;
}

void ContentReader::read(const archive::FileEntry& entry, const Sink& sink) {
    const auto& entries = package_->files().entries;
    const archive::FileEntry* file =
        entry.kind == archive::Kind::hard_link ? package_->files().find(entry.target) : &entry;
    CHECK(file >= entries.data() && file < entries.data() + entries.size());
    std::uint64_t offset = package_->file_offsets_[static_cast<std::size_t>(file - entries.data())];
    std::uint64_t left = file->size;
    const auto& offsets = package_->plain_offsets_;
    auto index = static_cast<std::size_t>(std::ranges::upper_bound(offsets, offset) - offsets.begin()) - 1;
    for (; left > 0; ++index) {
        const auto from = chunks_.read(index).subspan(offset - offsets[index]);
        const auto part = from.first(std::min<std::uint64_t>(from.size(), left));
        sink(part);
        offset += part.size();
        left -= part.size();
    }
}

std::string ContentReader::read_whole(const archive::FileEntry& entry, std::uint64_t limit) {
    const archive::FileEntry* file =
        entry.kind == archive::Kind::hard_link ? package_->files().find(entry.target) : &entry;
    CHECK(file != nullptr);
    if (file->size > limit)
        throw VerifyError(std::format("cannot use '{}' of package '{}': it is larger than {} bytes",
                                      entry.path, package_->identity().name, limit));
    std::string content;
    content.reserve(file->size);
    read(entry, [&](std::span<const std::uint8_t> part) { content.append(part.begin(), part.end()); });
    return content;
}

}  // namespace cairn::package
