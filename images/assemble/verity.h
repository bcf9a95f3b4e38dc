#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "pkg/crypto/hash.h"

namespace cairn::assemble {

/// The dm-verity hash tree of a file, with the parameters of images/layout/verity_format.h: the same bytes
/// that `veritysetup format` writes with the same salt and UUID.
struct VerityTree {
    crypto::Hash root_hash;
    std::uint64_t data_blocks = 0;
    /// What goes to the start of the hash partition: one block with the superblock, then the levels, the top
    /// one first.
    std::vector<std::uint8_t> bytes;
    friend bool operator==(const VerityTree&, const VerityTree&) = default;
};

/// Hashes the file's blocks on `threads` threads. The file's size must be a multiple of 4096 and not 0.
VerityTree make_verity_tree(const std::filesystem::path& data, unsigned threads);

/// How many bytes the tree of so much data has, superblock included.
std::uint64_t verity_tree_size(std::uint64_t data_size);

}  // namespace cairn::assemble
