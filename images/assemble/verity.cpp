#include "images/assemble/verity.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <format>

#include "images/layout/verity_format.h"
#include "images/payload/verity_tree.h"
#include "pkg/archive/parallel.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::assemble {
namespace {

using payload::Bytes;
constexpr std::uint64_t block_size = layout::verity_block_size;
constexpr std::uint64_t hash_size = layout::verity_hash_size;
constexpr std::uint64_t blocks_per_piece = 256;

/// A level in whole blocks: the hash of each data block, the last block filled up with zeros.
Bytes hash_file(const std::filesystem::path& data, std::uint64_t blocks, unsigned threads) {
    const Fd file = open_file(data, O_RDONLY);
    const std::uint64_t hashes_per_block = layout::verity_hashes_per_block;
    Bytes level((blocks + hashes_per_block - 1) / hashes_per_block * block_size);
    std::atomic<std::uint64_t> next = 0;
    archive::run_on_threads(threads, [&] {
        payload::BlockHasher hasher;
        Bytes piece(blocks_per_piece * block_size);
        for (;;) {
            const std::uint64_t first = next.fetch_add(blocks_per_piece);
            if (first >= blocks) return;
            const std::uint64_t count = std::min(blocks_per_piece, blocks - first);
            const auto bytes = std::span(piece).first(count * block_size);
            read_exactly_at(file.get(), bytes, first * block_size, data.string());
            for (std::uint64_t index = 0; index < count; ++index)
                std::ranges::copy(hasher.hash(bytes.subspan(index * block_size, block_size)).bytes(),
                                  &level[(first + index) * hash_size]);
        }
    });
    return level;
}

}  // namespace

VerityTree make_verity_tree(const std::filesystem::path& data, unsigned threads) {
    const std::uint64_t size = std::filesystem::file_size(data);
    if (size == 0 || size % block_size != 0)
        throw Error(std::format("cannot make hash tree of '{}': its {} bytes are not whole blocks",
                                data.string(), size));
    const std::uint64_t blocks = size / block_size;

    payload::Tree tree = payload::make_tree(blocks, hash_file(data, blocks, threads));
    VerityTree result = {.root_hash = tree.root_hash,
                         .data_blocks = blocks,
                         .bytes = payload::make_verity_superblock(tree.root_hash, blocks)};
    result.bytes.insert(result.bytes.end(), tree.nodes.begin(), tree.nodes.end());
    return result;
}

std::uint64_t verity_tree_size(std::uint64_t data_size) {
    return (1 + payload::make_tree_shape((data_size + block_size - 1) / block_size).blocks()) * block_size;
}

}  // namespace cairn::assemble
