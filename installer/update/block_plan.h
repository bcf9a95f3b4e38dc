#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "images/payload/verity_tree.h"
#include "installer/update/fill_slot.h"

namespace cairn::update {

/// The blocks of a slot, found by their hashes.
class LeafIndex {
  public:
    LeafIndex() = default;
    /// Reads the lowest level of the slot's tree. Not checked: who copies a block checks that. What cannot be
    /// read is not there.
    explicit LeafIndex(const SourceSlot& source);

    std::optional<std::uint64_t> find(const crypto::Hash& leaf) const;

  private:
    std::span<const std::uint8_t> leaf(std::uint32_t block) const;
    payload::Bytes leaves_;
    std::vector<std::uint32_t> sorted_;  // numbers of blocks, by their hashes
};

enum class Origin : std::uint8_t { kept, zero, copied, fetched };

/// Where each block of the new root comes from: a pure function of the two trees and of what the idle slot
/// holds, which is read for it.
std::vector<Origin> plan_blocks(const payload::Tree& tree, const Area& idle, const LeafIndex& running);

}  // namespace cairn::update
