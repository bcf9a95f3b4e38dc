#include <zstd.h>

#include "pkg/base/error.h"
#include "pkg/package/head_codec.h"
#include "tests/fuzz/signed_package.h"

/// Input: chunks as stored, one behind the other, each with 4 bytes of plain size and 2 bytes of stored size
/// before it. They become the data of a package with one file.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

struct StoredChunk {
    std::uint32_t plain_size = 0;
    Bytes bytes;
};

std::vector<StoredChunk> split_input(Bytes input) {
    std::vector<StoredChunk> chunks;
    package::ByteReader reader(input);
    while (reader.left() >= 6) {
        // A little more than a chunk may have, so that the limit is tried too.
        const auto plain_size = static_cast<std::uint32_t>(reader.take_number(4) % (300 * 1024));
        const auto size = std::min<std::size_t>(reader.take_number(2), reader.left());
        chunks.push_back({plain_size, reader.take_bytes(size)});
    }
    return chunks;
}

/// What a chunk holds, by zstd's streaming interface, which our reader does not use.
std::optional<std::string> find_plain(const StoredChunk& chunk) {
    if (chunk.bytes.size() == chunk.plain_size) return std::string(text_of(chunk.bytes));
    std::string plain(chunk.plain_size + 1, '\0');
    ZSTD_inBuffer in{chunk.bytes.data(), chunk.bytes.size(), 0};
    ZSTD_outBuffer out{plain.data(), plain.size(), 0};
    ZSTD_DStream* const stream = ZSTD_createDStream();
    std::size_t left = 1;
    while (!ZSTD_isError(left) && in.pos < in.size && out.pos < out.size)
        left = ZSTD_decompressStream(stream, &out, &in);
    ZSTD_freeDStream(stream);
    if (left != 0 || in.pos != in.size || out.pos != chunk.plain_size) return std::nullopt;
    plain.resize(chunk.plain_size);
    return plain;
}

bool has_allowed_size(const StoredChunk& chunk) {
    return chunk.plain_size >= 1 && chunk.plain_size <= 256 * 1024 && !chunk.bytes.empty() &&
           chunk.bytes.size() <= chunk.plain_size;
}

}  // namespace

FUZZ_TARGET(input) {
    package::Head head{.identity = testing::make_identity("chunks")};
    std::vector<std::uint8_t> data;
    std::string content;
    bool is_whole = true;
    for (const StoredChunk& chunk : split_input(input)) {
        const auto plain = has_allowed_size(chunk) ? find_plain(chunk) : std::nullopt;
        is_whole = is_whole && plain;
        content += plain.value_or(std::string(chunk.plain_size, '\0'));
        head.chunks.push_back({.id = crypto::hash_blake2b(bytes_of(plain.value_or(""))),
                               .plain_size = chunk.plain_size,
                               .stored_size = static_cast<std::uint32_t>(chunk.bytes.size())});
        data.insert(data.end(), chunk.bytes.begin(), chunk.bytes.end());
    }
    head.files.entries.push_back({.path = "content",
                                  .mode = 0644,
                                  .size = content.size(),
                                  .content = crypto::hash_blake2b(bytes_of(content))});

    const MemoryFile file(sign_package(package::encode_head(head), data));
    std::optional<std::string> found;
    const bool is_taken = is_accepted<VerifyError>([&] {
        const auto package = package::open_package(file.path(), allowed_keys());
        found = package::ContentReader(package).read_whole(package.files().entries.front());
        package::verify_content(package, package::Depth::full);
    });
    require(is_taken == is_whole, "exactly the chunks that unpack to their ids are taken");
    if (found) require(*found == content, "what is read is what was signed");
}
