#include "images/payload/verity_tree.h"

#include <algorithm>

#include "images/layout/verity_format.h"
#include "pkg/base/error.h"

namespace cairn::payload {
namespace {

constexpr std::uint64_t block_size = layout::verity_block_size;
constexpr std::uint64_t hash_size = layout::verity_hash_size;

std::uint64_t blocks_for(std::uint64_t hashes) {
    return (hashes + layout::verity_hashes_per_block - 1) / layout::verity_hashes_per_block;
}

crypto::Hash hash_at(const Bytes& nodes, std::uint64_t level_start, std::uint64_t index) {
    const std::uint64_t offset = level_start * block_size + index * hash_size;
    CHECK(offset + hash_size <= nodes.size());
    return crypto::Hash(std::span(nodes).subspan(offset).first<hash_size>());
}

/// The level above a level of whole blocks.
Bytes hash_level(const Bytes& below) {
    const std::uint64_t blocks = below.size() / block_size;
    Bytes level(blocks_for(blocks) * block_size);
    BlockHasher hasher;
    for (std::uint64_t index = 0; index < blocks; ++index)
        std::ranges::copy(hasher.hash(std::span(below).subspan(index * block_size, block_size)).bytes(),
                          level.begin() + static_cast<std::ptrdiff_t>(index * hash_size));
    return level;
}

template <class Integer>
void put_number(Bytes& bytes, std::size_t offset, Integer number) {
    for (std::size_t index = 0; index < sizeof number; ++index)
        bytes[offset + index] = static_cast<std::uint8_t>(number >> (8 * index));
}

}  // namespace

TreeShape make_tree_shape(std::uint64_t data_blocks) {
    TreeShape shape = {.data_blocks = data_blocks};
    for (std::uint64_t blocks = data_blocks; blocks > 1;) {
        blocks = blocks_for(blocks);
        shape.levels.insert(shape.levels.begin(), {.first = 0, .blocks = blocks});
    }
    std::uint64_t first = 0;
    for (TreeShape::Level& level : shape.levels) {
        level.first = first;
        first += level.blocks;
    }
    return shape;
}

std::span<const std::uint8_t> Tree::node(std::uint64_t block) const {
    return std::span(nodes).subspan(block * block_size, block_size);
}

crypto::Hash Tree::node_hash(std::size_t level, std::uint64_t index) const {
    return level == 0 ? root_hash : hash_at(nodes, shape.levels.at(level - 1).first, index);
}

crypto::Hash Tree::leaf(std::uint64_t data_block) const {
    CHECK(data_block < shape.data_blocks);
    return shape.levels.empty() ? root_hash : hash_at(nodes, shape.levels.back().first, data_block);
}

crypto::Hash BlockHasher::hash(std::span<const std::uint8_t> block) {
    hasher_.update(layout::verity_salt);
    hasher_.update(block);
    return hasher_.finish();
}

Tree make_tree(std::uint64_t data_blocks, Bytes lowest_level) {
    Tree tree = {.shape = make_tree_shape(data_blocks)};
    CHECK(lowest_level.size() == blocks_for(data_blocks) * block_size);
    // The root hash is that of the one block at the top; of a single data block there is no tree at all.
    if (data_blocks == 1) {
        tree.root_hash = crypto::Hash(std::span<const std::uint8_t>(lowest_level).first<hash_size>());
        return tree;
    }
    std::vector<Bytes> levels;
    levels.push_back(std::move(lowest_level));
    while (levels.back().size() > block_size) levels.push_back(hash_level(levels.back()));
    tree.root_hash = BlockHasher().hash(levels.back());
    for (auto level = levels.rbegin(); level != levels.rend(); ++level)
        tree.nodes.insert(tree.nodes.end(), level->begin(), level->end());
    return tree;
}

Bytes make_verity_superblock(const crypto::Hash& root_hash, std::uint64_t data_blocks) {
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

}  // namespace cairn::payload
