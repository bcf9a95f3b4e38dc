#include "installer/update/block_plan.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace cairn::update {
namespace {

constexpr std::size_t hash_size = layout::verity_hash_size;

bool comes_before(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right) {
    return std::memcmp(left.data(), right.data(), hash_size) < 0;
}

}  // namespace

LeafIndex::LeafIndex(const SourceSlot& source) {
    const payload::TreeShape shape = payload::make_tree_shape(source.data_blocks);
    if (shape.levels.empty()) return;
    leaves_.resize(shape.levels.back().blocks * block_size);
    for (std::uint64_t node = 0; node < shape.levels.back().blocks; ++node) {
        const auto bytes = std::span(leaves_).subspan(node * block_size, block_size);
        if (!source.slot.verity.try_read(1 + shape.levels.back().first + node, bytes))
            std::ranges::fill(bytes, std::uint8_t{0});
    }
    sorted_.resize(source.data_blocks);
    std::iota(sorted_.begin(), sorted_.end(), 0U);
    std::ranges::sort(sorted_, [&](std::uint32_t left, std::uint32_t right) {
        return comes_before(leaf(left), leaf(right));
    });
}

std::span<const std::uint8_t> LeafIndex::leaf(std::uint32_t block) const {
    return std::span(leaves_).subspan(block * hash_size, hash_size);
}

std::optional<std::uint64_t> LeafIndex::find(const crypto::Hash& wanted) const {
    const auto found = std::ranges::lower_bound(sorted_, wanted.bytes(), comes_before,
                                                [&](std::uint32_t block) { return leaf(block); });
    if (found == sorted_.end() || !std::ranges::equal(leaf(*found), wanted.bytes())) return std::nullopt;
    return *found;
}

std::vector<Origin> plan_blocks(const payload::Tree& tree, const Area& idle, const LeafIndex& running) {
    const std::uint64_t blocks = tree.shape.data_blocks;
    std::vector<Origin> plan(blocks, Origin::fetched);
    payload::BlockHasher hasher;
    payload::Bytes piece(blocks_at_once * block_size);
    const crypto::Hash zero = hasher.hash(std::span(piece).first(block_size));
    for (std::uint64_t first = 0; first < blocks; first += blocks_at_once) {
        const std::uint64_t count = std::min(blocks_at_once, blocks - first);
        const bool is_readable = idle.try_read(first, std::span(piece).first(count * block_size));
        for (std::uint64_t index = 0; index < count; ++index) {
            const crypto::Hash leaf = tree.leaf(first + index);
            const auto held = std::span(piece).subspan(index * block_size, block_size);
            if (is_readable && hasher.hash(held) == leaf)
                plan[first + index] = Origin::kept;
            else if (leaf == zero)
                plan[first + index] = Origin::zero;
            else if (running.find(leaf))
                plan[first + index] = Origin::copied;
        }
    }
    return plan;
}

}  // namespace cairn::update
