#pragma once

#include <map>
#include <vector>

#include "images/payload/verity_tree.h"
#include "installer/update/fill_slot.h"

namespace cairn::update {

/// Fetches the new tree, the top first. Each node is proven by its parent before it is used or written, so a
/// node that some tree of this device has is told from others by its hash alone, and is not fetched.
///
/// Proven nodes are put into the idle hash partition at once: an interrupted run has them the next time.
class TreeFetch {
  public:
    TreeFetch(const FillRequest& request, net::Transport& transport, FillResult& result);

    payload::Tree run();

  private:
    void index_running_nodes();
    void find_nodes_here(std::size_t level);
    void fetch_level(std::size_t level);
    void fetch_nodes(std::uint64_t first, std::uint64_t count);
    void fetch_whole();
    void get(net::Request request, std::uint64_t first_node);
    void take_node(std::uint64_t node, std::span<const std::uint8_t> bytes);
    bool try_node(std::uint64_t node, std::span<const std::uint8_t> bytes);
    std::size_t level_of(std::uint64_t node) const;

    const FillRequest& request_;
    net::Transport& transport_;
    FillResult& result_;
    std::string url_;
    payload::Tree tree_;
    payload::BlockHasher hasher_;
    std::vector<bool> is_here_;                            // by node
    std::map<crypto::Hash, std::uint64_t> running_nodes_;  // to the block of the running hash partition
    bool has_ranges_ = true;
};

}  // namespace cairn::update
