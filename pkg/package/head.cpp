#include "pkg/package/head.h"

#include <algorithm>
#include <cstring>
#include <format>

#include "pkg/archive/chunker.h"
#include "pkg/archive/zstd.h"
#include "pkg/base/error.h"
#include "pkg/package/bytes.h"
#include "pkg/package/head_codec.h"

namespace cairn::package {
namespace {

constexpr std::string_view magic = "CAIRNPKG";
constexpr std::uint32_t format_version = 1;
constexpr std::string_view purpose = "package-head";
constexpr std::size_t signed_part = Preamble::size - crypto::Signature::size;

[[noreturn]] void refuse(std::string_view why) {
    throw VerifyError(std::format("cannot use the package: {}", why));
}

void check_expansion(std::uint64_t plain, std::uint64_t stored, std::string_view what) {
    if (plain > HeadLimits::free_expansion + HeadLimits::ratio * stored)
        refuse(std::format("{} unpacks to more than {} times its size", what, HeadLimits::ratio));
}

crypto::Hash hash_head(std::span<const std::uint8_t> preamble, std::span<const std::uint8_t> head) {
    crypto::Blake2bHasher hasher;
    hasher.update(preamble.first(signed_part));
    hasher.update(head);
    return hasher.finish();
}

/// The chunks must be the files' contents, whole, and lie within the data without a gap.
void check_chunks(const Head& head, std::uint64_t data_size) {
    std::uint64_t plain = 0;
    std::uint64_t stored = 0;
    for (const Chunk& chunk : head.chunks) {
        if (chunk.plain_size == 0 || chunk.plain_size > archive::ChunkSizes::most)
            refuse("a chunk has a wrong size");
        if (chunk.stored_size == 0 || chunk.stored_size > chunk.plain_size)
            refuse("a chunk is stored larger than it is");
        plain += chunk.plain_size;
        stored += chunk.stored_size;
    }
    if (plain != head.files.content_size()) refuse("its chunks are not as long as its files");
    if (stored != data_size) refuse("its chunks are not as long as its data");
    check_expansion(plain, stored, "its data");
}

void check_head(const Head& head, std::uint64_t data_size) {
    check_identity(head.identity);
    archive::check_tree(head.files);
    check_chunks(head, data_size);
}

void check_preamble(const Preamble& preamble) {
    if (preamble.head_stored_size == 0 || preamble.head_stored_size > HeadLimits::stored)
        refuse("its head is too large");
    if (preamble.head_plain_size > HeadLimits::plain) refuse("its head unpacks to too much");
    if (preamble.data_size > HeadLimits::data) refuse("its data is too large");
    check_expansion(preamble.head_plain_size, preamble.head_stored_size, "its head");
}

std::vector<std::uint8_t> encode_preamble(const Preamble& preamble) {
    ByteWriter writer;
    writer.put_bytes({reinterpret_cast<const std::uint8_t*>(magic.data()), magic.size()});
    writer.put_number(format_version, 4);
    writer.put_number(preamble.head_stored_size, 4);
    writer.put_number(preamble.head_plain_size, 4);
    writer.put_number(0, 4);
    writer.put_number(preamble.data_size, 8);
    writer.put_bytes(preamble.data_hash.bytes());
    writer.put_bytes(preamble.signer.bytes());
    writer.put_bytes(preamble.signature.bytes());
    CHECK(writer.bytes().size() == Preamble::size);
    return writer.bytes();
}

}  // namespace

bool AllowedKeys::allows(const crypto::PublicKey& key) const {
    return !keys_ || std::ranges::find(*keys_, key) != keys_->end();
}

Preamble parse_preamble(std::span<const std::uint8_t> bytes) {
    if (bytes.size() != Preamble::size) refuse("it is shorter than the beginning of a package");
    ByteReader reader(bytes);
    if (!std::ranges::equal(reader.take_bytes(magic.size()), magic, {}, {},
                            [](char c) { return static_cast<std::uint8_t>(c); }))
        refuse("it does not begin as a package does");
    if (const auto version = reader.take_number(4); version != format_version)
        refuse(std::format("its format is version {}, and only {} is known", version, format_version));
    Preamble preamble;
    preamble.head_stored_size = static_cast<std::uint32_t>(reader.take_number(4));
    preamble.head_plain_size = static_cast<std::uint32_t>(reader.take_number(4));
    if (reader.take_number(4) != 0) refuse("a reserved field is not zero");
    preamble.data_size = reader.take_number(8);
    preamble.data_hash = reader.take_hash();
    preamble.signer =
        crypto::PublicKey(reader.take_bytes(crypto::PublicKey::size).first<crypto::PublicKey::size>());
    preamble.signature =
        crypto::Signature(reader.take_bytes(crypto::Signature::size).first<crypto::Signature::size>());
    check_preamble(preamble);
    return preamble;
}

VerifiedHead verify_head(std::span<const std::uint8_t> preamble_and_head, const AllowedKeys& keys) {
    if (preamble_and_head.size() < Preamble::size) refuse("it is too short");
    const auto preamble_bytes = preamble_and_head.first(Preamble::size);
    const auto head_bytes = preamble_and_head.subspan(Preamble::size);
    VerifiedHead verified;
    verified.stored_.assign(preamble_and_head.begin(), preamble_and_head.end());
    verified.preamble_ = parse_preamble(preamble_bytes);
    const Preamble& preamble = verified.preamble_;
    if (head_bytes.size() != preamble.head_stored_size) refuse("its head is not as long as stated");
    if (!keys.allows(preamble.signer))
        throw VerifyError("cannot trust the package: it is signed with a key that is not allowed here")
            .detail("key", preamble.signer.to_hex());
    verified.id_ = hash_head(preamble_bytes, head_bytes);
    crypto::verify_signature(preamble.signer, purpose, verified.id_.bytes(), preamble.signature,
                             "the package");
    // From here on the bytes are the signer's. They are still checked in full: a signer can be wrong, or
    // hostile.
    std::vector<std::uint8_t> plain(preamble.head_plain_size);
    archive::ZstdDecompressor().decompress(head_bytes, plain);
    verified.head_ = decode_head(plain);
    check_head(verified.head_, preamble.data_size);
    return verified;
}

SignedHead make_signed_head(const Head& head, std::uint64_t data_size, const crypto::Hash& data_hash,
                            crypto::Signer& signer) {
    check_head(head, data_size);
    const std::vector<std::uint8_t> plain = encode_head(head);
    if (plain.size() > HeadLimits::plain) refuse("its head is too large");
    std::vector<std::uint8_t> stored;
    archive::ZstdCompressor().compress(plain, stored);
    if (stored.size() > HeadLimits::stored) refuse("its head is too large");

    Preamble preamble{.head_stored_size = static_cast<std::uint32_t>(stored.size()),
                      .head_plain_size = static_cast<std::uint32_t>(plain.size()),
                      .data_size = data_size,
                      .data_hash = data_hash,
                      .signer = signer.public_key()};
    check_preamble(preamble);
    SignedHead result{.id = hash_head(encode_preamble(preamble), stored)};
    preamble.signature = crypto::sign(signer, purpose, result.id.bytes());
    result.bytes = encode_preamble(preamble);
    result.bytes.insert(result.bytes.end(), stored.begin(), stored.end());
    return result;
}

}  // namespace cairn::package
