#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <random>
#include <span>
#include <string>

#include "images/layout/verity_format.h"
#include "images/payload/payload.h"
#include "images/payload/verity_tree.h"
#include "pkg/base/files.h"

/// Roots and their trees for tests: real hashes over made-up blocks.
namespace cairn::testing {

inline std::span<const std::uint8_t> bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// "Files" of 1 to 9 blocks, whose last block ends with zeros as in an EROFS without inline tails; every
/// tenth is all zero.
inline std::string make_root(std::uint64_t blocks, unsigned seed) {
    std::mt19937 random(seed);
    std::string root;
    while (root.size() < blocks * layout::verity_block_size) {
        const std::size_t whole = (random() % 9 + 1) * layout::verity_block_size;
        std::string file(whole, '\0');
        if (random() % 10 != 0)
            for (std::size_t at = 0; at < whole - 100; ++at) file[at] = static_cast<char>(random() % 40 + 1);
        root += file;
    }
    root.resize(blocks * layout::verity_block_size);
    return root;
}

inline payload::Tree make_tree_of(const std::string& root) {
    const std::uint64_t blocks = root.size() / layout::verity_block_size;
    const std::uint64_t leaf_blocks =
        (blocks + layout::verity_hashes_per_block - 1) / layout::verity_hashes_per_block;
    payload::Bytes level(leaf_blocks * layout::verity_block_size);
    payload::BlockHasher hasher;
    for (std::uint64_t block = 0; block < blocks; ++block)
        std::ranges::copy(
            hasher.hash(bytes_of(root).subspan(block * layout::verity_block_size, layout::verity_block_size))
                .bytes(),
            level.begin() + static_cast<std::ptrdiff_t>(block * layout::verity_hash_size));
    return payload::make_tree(blocks, std::move(level));
}

/// root.verity: superblock and tree.
inline std::string make_verity(const payload::Tree& tree) {
    const payload::Bytes superblock = payload::make_verity_superblock(tree.root_hash, tree.shape.data_blocks);
    std::string bytes(superblock.begin(), superblock.end());
    bytes.append(tree.nodes.begin(), tree.nodes.end());
    return bytes;
}

/// The payload of a root in `folder`/payload.
inline payload::Payload make_payload_of(const std::string& root, const std::filesystem::path& folder) {
    const payload::Tree tree = make_tree_of(root);
    write_file(folder / "root.erofs", root);
    write_file(folder / "root.verity", make_verity(tree));
    return payload::make_payload({.root = folder / "root.erofs",
                                  .verity = folder / "root.verity",
                                  .root_hash = tree.root_hash,
                                  .output = folder / "payload",
                                  .level = 3});
}

}  // namespace cairn::testing
