#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pkg/crypto/hash.h"

/// The dm-verity hash tree as a value: where its nodes are and which hash each must have. A node is a block
/// of 128 hashes; the leaves are the hashes of the data's blocks. Parameters: images/layout/verity_format.h.
namespace cairn::payload {

using Bytes = std::vector<std::uint8_t>;

/// Where the nodes of a tree are, counted in blocks from the start of its top level.
struct TreeShape {
    struct Level {
        std::uint64_t first = 0;
        std::uint64_t blocks = 0;
        friend bool operator==(const Level&, const Level&) = default;
    };
    std::uint64_t data_blocks = 0;
    std::vector<Level> levels = {};  // the top one first; none when there is one data block only
    friend bool operator==(const TreeShape&, const TreeShape&) = default;

    std::uint64_t blocks() const { return levels.empty() ? 0 : levels.back().first + levels.back().blocks; }
};

TreeShape make_tree_shape(std::uint64_t data_blocks);

/// A tree in memory: about 1/127 of the data's size. It is only as true as whoever filled `nodes` checked.
struct Tree {
    crypto::Hash root_hash;
    TreeShape shape;
    Bytes nodes = {};  // shape.blocks() blocks, the top level first

    std::span<const std::uint8_t> node(std::uint64_t block) const;
    /// Which hash a node of the level must have; its parent must be there.
    crypto::Hash node_hash(std::size_t level, std::uint64_t index) const;
    /// Which hash a block of the data must have.
    crypto::Hash leaf(std::uint64_t data_block) const;
};

/// Hashes blocks as the tree does: salt first. For one thread.
class BlockHasher {
  public:
    crypto::Hash hash(std::span<const std::uint8_t> block);

  private:
    crypto::Sha256Hasher hasher_;
};

/// The tree over a lowest level in whole blocks, the last one filled up with zeros.
Tree make_tree(std::uint64_t data_blocks, Bytes lowest_level);

/// The block that stands before the tree in a hash partition.
Bytes make_verity_superblock(const crypto::Hash& root_hash, std::uint64_t data_blocks);

}  // namespace cairn::payload
