#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "images/payload/description.h"
#include "installer/update/area.h"
#include "pkg/crypto/hash.h"
#include "pkg/net/transport.h"

/// Filling the idle slot with a new root: architecture §9, step 2 of «On the server».
///
/// The order is what makes it safe. Power may fail, or the network end, at any moment:
///
/// | step                                             | superblock of the idle slot           |
/// |---------------------------------------------------|----------------------------------------|
/// | 1. zero the superblock, sync                      | old, zero or torn: none is started     |
/// | 2. tree nodes, each proven by the one above       | none                                   |
/// | 3. blocks, each proven by its leaf; sync          | none                                   |
/// | 4. read all of it back, compute the root hash     | none                                   |
/// | 5. write the tree where it differs, sync          | none                                   |
/// | 6. write the superblock, sync                     | torn (refused) or new: all below is there |
///
/// Nothing is recorded anywhere else: the next run looks at what the slot holds and fetches the rest. The
/// running slot is only read.
namespace cairn::update {

/// A slot with blocks to copy from. It is not believed: what is copied is checked against the new tree.
struct SourceSlot {
    Slot slot;
    crypto::Hash root_hash;
    std::uint64_t data_blocks = 0;
};

struct FillProgress {
    std::uint64_t blocks_done = 0;  // in place: found there, copied or fetched
    std::uint64_t blocks = 0;
};

struct FillRequest {
    payload::Payload wanted;  // as the signed image.json has it
    Slot idle;
    std::optional<SourceSlot> running = {};
    std::string payload;                                        // address of the folder: "https://…/payload"
    std::optional<std::string> proxy;                           // see net::Request
    std::function<void(const FillProgress&)> on_progress = {};  // may throw to give up
};

/// What it took.
struct FillResult {
    std::uint64_t blocks_kept = 0;    // the idle slot had them in place
    std::uint64_t blocks_zero = 0;    // written without asking anybody
    std::uint64_t blocks_copied = 0;  // from the running slot
    std::uint64_t blocks_fetched = 0;
    std::uint64_t nodes_kept = 0;  // of the tree: in place, or copied from the running tree
    std::uint64_t nodes_fetched = 0;
    std::uint64_t bytes_of_tree = 0;  // received
    std::uint64_t bytes_of_index = 0;
    std::uint64_t bytes_of_frames = 0;
    std::uint64_t requests = 0;
    std::uint64_t bytes_fetched() const { return bytes_of_tree + bytes_of_index + bytes_of_frames; }
};

/// When it returns, the idle slot holds the wanted root, and its superblock says so. Memory: both trees,
/// 1/127 of the roots, and a few hundred kilobytes. Throws UsageError when the slot is too small (nothing is
/// written then), NetworkError when the server fails (come again), VerifyError when it sends what the root
/// hash does not prove, or the disk does not hold what was written.
FillResult fill_slot(const FillRequest& request, net::Transport& transport);

}  // namespace cairn::update
