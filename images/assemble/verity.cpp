#include "images/assemble/verity.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <format>

#include "images/layout/verity_format.h"
#include "pkg/archive/parallel.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::assemble {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint64_t block_size = layout::verity_block_size;
constexpr std::uint64_t hash_size = layout::verity_hash_size;
constexpr std::uint64_t blocks_per_piece = 256;

std::uint64_t blocks_for(std::uint64_t hashes) {
    return (hashes + layout::verity_hashes_per_block - 1) / layout::verity_hashes_per_block;
}

void hash_block(crypto::Sha256Hasher& hasher, std::span<const std::uint8_t> block, std::uint8_t* result) {
    hasher.update(layout::verity_salt);
    hasher.update(block);
    const crypto::Hash hash = hasher.finish();
    std::ranges::copy(hash.bytes(), result);
}

/// A level in whole blocks: the hash of each data block, the last block filled up with zeros.
Bytes hash_file(const std::filesystem::path& data, std::uint64_t blocks, unsigned threads) {
    const Fd file = open_file(data, O_RDONLY);
    Bytes level(blocks_for(blocks) * block_size);
    std::atomic<std::uint64_t> next = 0;
    archive::run_on_threads(threads, [&] {
        crypto::Sha256Hasher hasher;
        Bytes piece(blocks_per_piece * block_size);
        for (;;) {
            const std::uint64_t first = next.fetch_add(blocks_per_piece);
            if (first >= blocks) return;
            const std::uint64_t count = std::min(blocks_per_piece, blocks - first);
            const auto bytes = std::span(piece).first(count * block_size);
            read_exactly_at(file.get(), bytes, first * block_size, data.string());
            for (std::uint64_t index = 0; index < count; ++index)
                hash_block(hasher, bytes.subspan(index * block_size, block_size),
                           &level[(first + index) * hash_size]);
        }
    });
    return level;
}

/// The level above a level of whole blocks.
Bytes hash_level(const Bytes& below) {
    const std::uint64_t blocks = below.size() / block_size;
    Bytes level(blocks_for(blocks) * block_size);
    crypto::Sha256Hasher hasher;
    for (std::uint64_t index = 0; index < blocks; ++index)
        hash_block(hasher, std::span(below).subspan(index * block_size, block_size),
                   &level[index * hash_size]);
    return level;
}

template <class Integer>
void put_number(Bytes& bytes, std::size_t offset, Integer number) {
    for (std::size_t index = 0; index < sizeof number; ++index)
        bytes[offset + index] = static_cast<std::uint8_t>(number >> (8 * index));
}

Bytes make_superblock(const crypto::Hash& root_hash, std::uint64_t data_blocks) {
    namespace at = layout::verity_superblock;
    Bytes block(block_size);
    std::ranges::copy(at::signature, block.begin());
    put_number(block, at::version, layout::verity_superblock_version);
    put_number(block, at::hash_type, layout::verity_hash_type);
    std::ranges::copy(root_hash.bytes().first<16>(), block.begin() + at::uuid);
    std::ranges::copy(layout::verity_algorithm, block.begin() + at::algorithm);
    put_number(block, at::data_block_size, layout::verity_block_size);
    put_number(block, at::hash_block_size, layout::verity_block_size);
    put_number(block, at::data_blocks, data_blocks);
    put_number(block, at::salt_size, static_cast<std::uint16_t>(layout::verity_salt.size()));
    std::ranges::copy(layout::verity_salt, block.begin() + at::salt);
    return block;
}

}  // namespace

VerityTree make_verity_tree(const std::filesystem::path& data, unsigned threads) {
    const std::uint64_t size = std::filesystem::file_size(data);
    if (size == 0 || size % block_size != 0)
        throw Error(std::format("cannot make hash tree of '{}': its {} bytes are not whole blocks",
                                data.string(), size));
    const std::uint64_t blocks = size / block_size;

    std::vector<Bytes> levels = {hash_file(data, blocks, threads)};
    // The root hash is that of the one block at the top; of a single data block there is no tree at all.
    while (levels.back().size() > block_size) levels.push_back(hash_level(levels.back()));
    VerityTree tree = {.data_blocks = blocks};
    if (blocks == 1) {
        tree.root_hash = crypto::Hash(std::span(levels.back()).first<hash_size>());
        levels.clear();
    } else {
        tree.root_hash =
            crypto::Hash(std::span<const std::uint8_t>(hash_level(levels.back())).first<hash_size>());
    }
    tree.bytes = make_superblock(tree.root_hash, blocks);
    for (auto level = levels.rbegin(); level != levels.rend(); ++level)
        tree.bytes.insert(tree.bytes.end(), level->begin(), level->end());
    return tree;
}

std::uint64_t verity_tree_size(std::uint64_t data_size) {
    std::uint64_t size = block_size;
    for (std::uint64_t blocks = (data_size + block_size - 1) / block_size; blocks > 1;) {
        blocks = blocks_for(blocks);
        size += blocks * block_size;
    }
    return size;
}

}  // namespace cairn::assemble
