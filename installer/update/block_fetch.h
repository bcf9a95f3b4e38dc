#pragma once

#include <vector>

#include "images/payload/frames_index.h"
#include "images/payload/verity_tree.h"
#include "installer/update/block_plan.h"
#include "installer/update/fill_slot.h"
#include "pkg/archive/zstd.h"

namespace cairn::update {

/// Fetches the blocks that the plan says are to be fetched, frame by frame, and writes them when they are
/// proven by their leaves.
class BlockFetch {
  public:
    BlockFetch(const FillRequest& request, const payload::Tree& tree, const std::vector<Origin>& plan,
               net::Transport& transport, FillResult& result);

    /// `on_blocks` is told how many blocks more are in place.
    void run(const std::function<void(std::uint64_t)>& on_blocks);

  private:
    payload::FramesIndex fetch_index();
    bool is_needed(const payload::Frame& frame) const;
    /// One request for frames [first, end). False when the server knows no ranges.
    bool fetch_frames(std::size_t first, std::size_t end, net::Ranges ranges);
    void take_frame(const payload::Frame& frame, std::span<const std::uint8_t> packed);
    std::string url(std::string_view ending) const;

    const FillRequest& request_;
    const payload::Tree& tree_;
    const std::vector<Origin>& plan_;
    net::Transport& transport_;
    FillResult& result_;
    payload::FramesIndex index_;
    payload::BlockHasher hasher_;
    archive::ZstdDecompressor decompressor_;
    payload::Bytes plain_;
    std::function<void(std::uint64_t)> on_blocks_;
};

}  // namespace cairn::update
