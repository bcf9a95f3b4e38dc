#include "installer/update/tree_fetch.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"

namespace cairn::update {

using payload::Bytes;

TreeFetch::TreeFetch(const FillRequest& request, net::Transport& transport, FillResult& result)
    : request_(request),
      transport_(transport),
      result_(result),
      url_(std::format("{}/{}.tree", request.payload, request.wanted.root_hash.to_hex())),
      tree_{.root_hash = request.wanted.root_hash,
            .shape = payload::make_tree_shape(request.wanted.data_blocks)},
      is_here_(tree_.shape.blocks()) {
    tree_.nodes.resize(tree_.shape.blocks() * block_size);
}

payload::Tree TreeFetch::run() {
    index_running_nodes();
    for (std::size_t level = 0; level < tree_.shape.levels.size(); ++level) {
        find_nodes_here(level);
        fetch_level(level);
    }
    return std::move(tree_);
}

/// The upper nodes of the running tree name the hashes of those below; the lowest ones, which are nearly all
/// of it, need not be read for that.
void TreeFetch::index_running_nodes() {
    if (!request_.running) return;
    const SourceSlot& running = *request_.running;
    const payload::TreeShape shape = payload::make_tree_shape(running.data_blocks);
    if (shape.levels.empty()) return;
    running_nodes_[running.root_hash] = 1;  // behind the superblock
    Bytes node(block_size);
    for (std::size_t level = 0; level + 1 < shape.levels.size(); ++level) {
        const auto [first, blocks] = shape.levels[level];
        const auto [below, count] = shape.levels[level + 1];
        for (std::uint64_t index = 0; index < blocks; ++index) {
            if (!running.slot.verity.try_read(1 + first + index, node)) continue;
            for (std::uint64_t child = 0; child < layout::verity_hashes_per_block; ++child) {
                const std::uint64_t number = index * layout::verity_hashes_per_block + child;
                if (number >= count) break;
                const auto hash = std::span<const std::uint8_t>(node).subspan(child * 32).first<32>();
                running_nodes_.try_emplace(crypto::Hash(hash), 1 + below + number);
            }
        }
    }
}

std::size_t TreeFetch::level_of(std::uint64_t node) const {
    std::size_t level = tree_.shape.levels.size() - 1;
    while (node < tree_.shape.levels[level].first) --level;
    return level;
}

bool TreeFetch::try_node(std::uint64_t node, std::span<const std::uint8_t> bytes) {
    const std::size_t level = level_of(node);
    if (hasher_.hash(bytes) != tree_.node_hash(level, node - tree_.shape.levels[level].first)) return false;
    std::ranges::copy(bytes, tree_.nodes.begin() + static_cast<std::ptrdiff_t>(node * block_size));
    is_here_[node] = true;
    return true;
}

void TreeFetch::find_nodes_here(std::size_t level) {
    const auto [first, blocks] = tree_.shape.levels[level];
    Bytes bytes(block_size);
    for (std::uint64_t node = first; node < first + blocks; ++node) {
        if (is_here_[node]) continue;  // a server without ranges has sent it already
        if (request_.idle.verity.try_read(1 + node, bytes) && try_node(node, bytes)) {
            ++result_.nodes_kept;
            continue;
        }
        const auto known = running_nodes_.find(tree_.node_hash(level, node - first));
        if (known == running_nodes_.end()) continue;
        if (request_.running->slot.verity.try_read(known->second, bytes) && try_node(node, bytes)) {
            request_.idle.verity.write(1 + node, bytes);
            ++result_.nodes_kept;
        }
    }
}

void TreeFetch::fetch_level(std::size_t level) {
    const auto [first, blocks] = tree_.shape.levels[level];
    for (std::uint64_t node = first; node < first + blocks;) {
        if (is_here_[node]) {
            ++node;
            continue;
        }
        std::uint64_t end = node;
        while (end < first + blocks && !is_here_[end]) ++end;
        fetch_nodes(node, end - node);
        node = end;
    }
}

void TreeFetch::fetch_nodes(std::uint64_t first, std::uint64_t count) {
    if (has_ranges_)
        get({.url = url_,
             .offset = first * block_size,
             .length = count * block_size,
             .ranges = net::Ranges::required},
            first);
    if (!has_ranges_) fetch_whole();
    for (std::uint64_t node = first; node < first + count; ++node)
        if (!is_here_[node])
            throw NetworkError(
                std::format("cannot fetch '{}': it ends before byte {}", url_, (node + 1) * block_size));
}

/// The file has the top first, too: the parent of every node comes before it.
void TreeFetch::fetch_whole() {
    get({.url = url_, .limit = tree_.nodes.size()}, 0);
}

void TreeFetch::get(net::Request request, std::uint64_t first_node) {
    request.proxy = request_.proxy;
    ++result_.requests;
    Bytes block;
    std::uint64_t node = first_node;
    const net::Outcome outcome = transport_.get(request, [&](std::span<const std::uint8_t> bytes) {
        result_.bytes_of_tree += bytes.size();
        while (!bytes.empty()) {
            const std::size_t count = std::min<std::size_t>(bytes.size(), block_size - block.size());
            block.insert(block.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
            bytes = bytes.subspan(count);
            if (block.size() < block_size) continue;
            take_node(node++, block);
            block.clear();
        }
    });
    if (outcome == net::Outcome::no_ranges) has_ranges_ = false;
    if (outcome == net::Outcome::not_found)
        throw NetworkError(std::format("cannot fetch '{}': the server does not have it", url_));
}

void TreeFetch::take_node(std::uint64_t node, std::span<const std::uint8_t> bytes) {
    if (is_here_[node]) return;
    if (!try_node(node, bytes))
        throw VerifyError(std::format("'{}' is not the tree of the root: node {} is another", url_, node))
            .detail("root hash", tree_.root_hash.to_hex());
    request_.idle.verity.write(1 + node, bytes);
    ++result_.nodes_fetched;
}

}  // namespace cairn::update
