#include "pkg/pkgar/format.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <format>
#include <unordered_set>

#include "pkg/archive/tree.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"
#include "pkg/package/bytes.h"
#include "pkg/pkgar/blake3.h"

namespace cairn::pkgar {
namespace {

constexpr std::array<std::string_view, 5> architectures = {"any", "x86_64", "i586", "aarch64", "riscv64"};
constexpr std::size_t signed_from = 64;
constexpr std::size_t path_field = 256;

void parse_flags(std::uint32_t flags, Head& head) {
    const std::uint32_t version = flags & 0xff;
    const std::uint32_t architecture = flags >> 8 & 0xff;
    const std::uint32_t packing = flags >> 16 & 0xff;
    if (version != 0 || architecture >= architectures.size() || packing > 1 || flags >> 24 != 0)
        throw VerifyError(std::format("cannot use the pkgar file: its flags {:#010x} are unknown", flags));
    head.architecture = architectures.at(architecture);
    head.packing = static_cast<Packing>(packing);
}

void check_entry(const Entry& entry, std::uint64_t data_size) {
    const auto refuse = [&](std::string_view why) {
        throw VerifyError(std::format("cannot use '{}' of the pkgar file: {}", entry.path, why));
    };
    if (!archive::is_packable_path(entry.path)) refuse("it is not a usable path");
    if (!entry.is_link && entry.mode > 0777) refuse("it is setuid, setgid or sticky");
    if (entry.offset > data_size || entry.size > data_size - entry.offset)
        refuse("its content would lie behind the end of the file");
}

Entry take_entry(package::ByteReader& bytes, std::uint64_t data_size) {
    Entry entry;
    entry.content = bytes.take_hash();
    entry.offset = bytes.take_number(8);
    entry.size = bytes.take_number(8);
    const auto mode = static_cast<mode_t>(bytes.take_number(4));
    const auto field = bytes.take_bytes(path_field);
    const auto end = std::ranges::find(field, 0);
    entry.path.assign(field.begin(), end);
    if (std::ranges::any_of(end, field.end(), [](std::uint8_t byte) { return byte != 0; }) ||
        entry.path.size() > path_limit)
        throw VerifyError("cannot use the pkgar file: the path of an entry does not end where it should");
    if (!S_ISREG(mode) && !S_ISLNK(mode))
        throw VerifyError(
            std::format("cannot use '{}' of the pkgar file: it is neither file nor link", entry.path));
    entry.is_link = S_ISLNK(mode);
    entry.mode = mode & 07777;
    if ((mode & ~(S_IFMT | 07777U)) != 0)
        throw VerifyError(std::format("cannot use '{}' of the pkgar file: its mode is unknown", entry.path));
    check_entry(entry, data_size);
    return entry;
}

void put_entry(package::ByteWriter& bytes, const Entry& entry) {
    CHECK(entry.path.size() <= path_limit);
    bytes.put_bytes(entry.content.bytes());
    bytes.put_number(entry.offset, 8);
    bytes.put_number(entry.size, 8);
    bytes.put_number((entry.is_link ? S_IFLNK : S_IFREG) | entry.mode, 4);
    std::array<std::uint8_t, path_field> path{};
    std::ranges::copy(entry.path, path.begin());
    bytes.put_bytes(path);
}

}  // namespace

std::size_t count_entries(std::span<const std::uint8_t, header_size> header) {
    package::ByteReader rest(header.subspan(128));
    const std::uint64_t count = rest.take_number(4);
    if (count > archive::TreeLimits::entries)
        throw VerifyError(std::format("cannot use the pkgar file: it has {} entries, more than {}", count,
                                      archive::TreeLimits::entries));
    return count;
}

Head parse_head(std::span<const std::uint8_t> bytes, std::uint64_t data_size, const crypto::PublicKey& key) {
    CHECK(bytes.size() >= header_size);
    package::ByteReader header(bytes.first<header_size>());
    const crypto::Signature signature(header.take_bytes(signed_from).first<crypto::Signature::size>());
    Head head;
    head.signer = crypto::PublicKey(header.take_bytes(32).first<crypto::PublicKey::size>());
    if (head.signer != key)
        throw VerifyError("cannot use the pkgar file: it is signed by another key than the one to believe")
            .detail("believed", key.to_hex())
            .detail("found", head.signer.to_hex());
    crypto::verify_signature_bytes(key, bytes.subspan(signed_from, header_size - signed_from), signature,
                                   "the pkgar file");
    const auto table = bytes.subspan(header_size);
    if (header.take_hash() != hash_blake3(table))
        throw VerifyError("cannot use the pkgar file: its table of entries is damaged");
    const std::uint64_t count = header.take_number(4);
    parse_flags(static_cast<std::uint32_t>(header.take_number(4)), head);

    package::ByteReader rows(table);
    std::unordered_set<std::string> paths;
    for (std::uint64_t i = 0; i < count; ++i) {
        head.entries.push_back(take_entry(rows, data_size));
        if (!paths.insert(head.entries.back().path).second)
            throw VerifyError(
                std::format("cannot use the pkgar file: it has '{}' twice", head.entries.back().path));
    }
    return head;
}

std::vector<std::uint8_t> format_head(const Head& head, crypto::Signer& signer) {
    package::ByteWriter table;
    for (const Entry& entry : head.entries) put_entry(table, entry);
    const auto architecture = std::ranges::find(architectures, head.architecture);
    CHECK(architecture != architectures.end());
    package::ByteWriter header;
    header.put_bytes(signer.public_key().bytes());
    header.put_bytes(hash_blake3(table.bytes()).bytes());
    header.put_number(head.entries.size(), 4);
    header.put_number(static_cast<std::uint64_t>(architecture - architectures.begin()) << 8 |
                          static_cast<std::uint64_t>(head.packing) << 16,
                      4);
    package::ByteWriter whole;
    whole.put_bytes(signer.sign_bytes(header.bytes()).bytes());
    whole.put_bytes(header.bytes());
    whole.put_bytes(table.bytes());
    return whole.bytes();
}

}  // namespace cairn::pkgar
