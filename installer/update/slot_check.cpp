#include "installer/update/slot_check.h"

#include <algorithm>
#include <format>

#include "images/payload/verity_tree.h"
#include "installer/disks/verity.h"
#include "pkg/base/error.h"

namespace cairn::update {

namespace {

using payload::Bytes;

[[noreturn]] void refuse(const Area& area, std::string_view what) {
    throw VerifyError(std::format("{} of '{}' is not what was written there", what, area.name))
        .hint("prepare the update again; the disk may be failing");
}

Bytes hash_blocks(const Area& root, std::uint64_t blocks) {
    constexpr std::uint64_t hashes = layout::verity_hashes_per_block;
    Bytes leaves((blocks + hashes - 1) / hashes * block_size);
    payload::BlockHasher hasher;
    Bytes piece(blocks_at_once * block_size);
    for (std::uint64_t first = 0; first < blocks; first += blocks_at_once) {
        const std::uint64_t count = std::min(blocks_at_once, blocks - first);
        root.read(first, std::span(piece).first(count * block_size));
        for (std::uint64_t index = 0; index < count; ++index)
            std::ranges::copy(hasher.hash(std::span(piece).subspan(index * block_size, block_size)).bytes(),
                              &leaves[(first + index) * layout::verity_hash_size]);
    }
    return leaves;
}

}  // namespace

std::optional<SourceSlot> find_source(const Slot& slot, const crypto::Hash& root_hash) {
    Bytes block(block_size);
    if (!slot.verity.try_read(0, block)) return std::nullopt;
    const auto superblock = disks::find_verity_superblock(block);
    if (!superblock || !std::ranges::equal(superblock->uuid, root_hash.bytes().first(16)))
        return std::nullopt;
    if (superblock->data_blocks > slot.root.blocks()) return std::nullopt;
    return SourceSlot{.slot = slot, .root_hash = root_hash, .data_blocks = superblock->data_blocks};
}

void verify_slot(const Slot& slot, const payload::Payload& wanted) {
    const payload::TreeShape shape = payload::make_tree_shape(wanted.data_blocks);
    if (slot.root.blocks() < wanted.data_blocks || slot.verity.blocks() < 1 + shape.blocks())
        refuse(slot.root, "the size");
    slot.root.forget_cache();
    slot.verity.forget_cache();

    Bytes held(block_size);
    slot.verity.read(0, held);
    if (held != payload::make_verity_superblock(wanted.root_hash, wanted.data_blocks))
        refuse(slot.verity, "the superblock");
    const payload::Tree tree =
        payload::make_tree(wanted.data_blocks, hash_blocks(slot.root, wanted.data_blocks));
    if (tree.root_hash != wanted.root_hash) refuse(slot.root, "the root");
    for (std::uint64_t node = 0; node < shape.blocks(); ++node) {
        slot.verity.read(1 + node, held);
        if (!std::ranges::equal(held, tree.node(node))) refuse(slot.verity, "the hash tree");
    }
}

}  // namespace cairn::update
