#include "pkg/package/head_codec.h"

#include <format>

#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/package/bytes.h"

namespace cairn::package {
namespace {

using archive::FileEntry;
using archive::Kind;
using archive::TreeLimits;

constexpr std::size_t least_entry_size = 14;
constexpr std::size_t chunk_size = 40;

[[noreturn]] void refuse(std::string_view why) {
    throw VerifyError(std::format("cannot use the package: {}", why));
}

void encode_entry(ByteWriter& writer, const FileEntry& entry) {
    writer.put_number(static_cast<std::uint64_t>(entry.kind), 1);
    writer.put_number(entry.mode, 2);
    writer.put_number(entry.uid, 4);
    writer.put_number(entry.gid, 4);
    writer.put_text(entry.path, 2);
    if (entry.kind == Kind::file) {
        writer.put_number(entry.size, 8);
        writer.put_bytes(entry.content.bytes());
    }
    if (entry.kind == Kind::symlink || entry.kind == Kind::hard_link) writer.put_text(entry.target, 2);
    writer.put_number(entry.xattrs.size(), 1);
    for (const archive::Xattr& xattr : entry.xattrs) {
        writer.put_text(xattr.name, 1);
        writer.put_text(xattr.value, 2);
    }
}

FileEntry decode_entry(ByteReader& reader) {
    const std::uint64_t kind = reader.take_number(1);
    if (kind > static_cast<std::uint64_t>(Kind::hard_link)) refuse("an entry is of an unknown kind");
    FileEntry entry{.kind = static_cast<Kind>(kind)};
    entry.mode = static_cast<mode_t>(reader.take_number(2));
    entry.uid = static_cast<uid_t>(reader.take_number(4));
    entry.gid = static_cast<gid_t>(reader.take_number(4));
    entry.path = reader.take_text(2);
    if (entry.kind == Kind::file) {
        entry.size = reader.take_number(8);
        entry.content = reader.take_hash();
    }
    if (entry.kind == Kind::symlink || entry.kind == Kind::hard_link) entry.target = reader.take_text(2);
    const std::uint64_t xattrs = reader.take_number(1);
    for (std::uint64_t i = 0; i < xattrs; ++i) {
        std::string name = reader.take_text(1);
        entry.xattrs.push_back({std::move(name), reader.take_text(2)});
    }
    return entry;
}

/// A count that cannot be true for the bytes that are left must not decide how much memory is taken.
std::size_t take_count(ByteReader& reader, std::size_t least_size) {
    const std::uint64_t count = reader.take_number(4);
    if (count > reader.left() / least_size) refuse("its head ends too early");
    return static_cast<std::size_t>(count);
}

}  // namespace

std::vector<std::uint8_t> encode_head(const Head& head) {
    ByteWriter writer;
    writer.put_text(to_json(head.identity).dump(), 4);
    writer.put_number(head.files.entries.size(), 4);
    for (const FileEntry& entry : head.files.entries) encode_entry(writer, entry);
    writer.put_number(head.chunks.size(), 4);
    for (const Chunk& chunk : head.chunks) {
        writer.put_bytes(chunk.id.bytes());
        writer.put_number(chunk.plain_size, 4);
        writer.put_number(chunk.stored_size, 4);
    }
    return writer.bytes();
}

Head decode_head(std::span<const std::uint8_t> bytes) {
    ByteReader reader(bytes);
    Head head;
    const std::string identity = reader.take_text(4);
    head.identity = identity_from_json(parse_json(identity, "the identity in a package"));
    if (to_json(head.identity).dump() != identity)
        refuse("its identity is not in the one form that is allowed");
    const std::size_t entries = take_count(reader, least_entry_size);
    if (entries > TreeLimits::entries) refuse("it has too many entries");
    head.files.entries.reserve(entries);
    for (std::size_t i = 0; i < entries; ++i) head.files.entries.push_back(decode_entry(reader));
    const std::size_t chunks = take_count(reader, chunk_size);
    head.chunks.reserve(chunks);
    for (std::size_t i = 0; i < chunks; ++i) {
        Chunk chunk{.id = reader.take_hash()};
        chunk.plain_size = static_cast<std::uint32_t>(reader.take_number(4));
        chunk.stored_size = static_cast<std::uint32_t>(reader.take_number(4));
        head.chunks.push_back(chunk);
    }
    if (reader.left() != 0) refuse("there are bytes behind its chunk table");
    return head;
}

}  // namespace cairn::package
