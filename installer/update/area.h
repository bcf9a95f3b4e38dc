#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "images/layout/verity_format.h"

namespace cairn::update {

inline constexpr std::uint64_t block_size = layout::verity_block_size;
/// How much is read and written at once.
inline constexpr std::uint64_t blocks_at_once = 64;

/// Some bytes of an open file or block device: a partition. Borrows the descriptor.
struct Area {
    int fd = -1;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string name = {};  // for messages

    std::uint64_t blocks() const { return size / block_size; }
    /// Whole blocks, from block `first` of the area.
    void read(std::uint64_t first, std::span<std::uint8_t> bytes) const;
    void write(std::uint64_t first, std::span<const std::uint8_t> bytes) const;
    /// False when the disk cannot read them: for blocks that can be had elsewhere.
    bool try_read(std::uint64_t first, std::span<std::uint8_t> bytes) const;
    /// What was written is on the disk. Throws SystemError; then it must be taken for lost.
    void sync() const;
    /// What is read next comes from the disk, as far as the kernel can be asked for that; after sync().
    void forget_cache() const;
};

/// A root partition and the hash partition that proves it.
struct Slot {
    Area root;
    Area verity;
};

}  // namespace cairn::update
