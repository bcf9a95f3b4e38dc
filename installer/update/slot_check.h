#pragma once

#include <optional>

#include "images/payload/description.h"
#include "installer/update/fill_slot.h"

namespace cairn::update {

/// A slot as something to copy blocks from; empty when it has no superblock of this root.
std::optional<SourceSlot> find_source(const Slot& slot, const crypto::Hash& root_hash);

/// Reads the whole slot as the disk has it: superblock, tree and every block. Throws VerifyError naming what
/// differs from the signed description.
void verify_slot(const Slot& slot, const payload::Payload& wanted);

}  // namespace cairn::update
