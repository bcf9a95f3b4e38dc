#include "installer/update/fill_slot.h"

#include <sys/stat.h>

#include <algorithm>
#include <format>

#include "images/payload/verity_tree.h"
#include "installer/update/block_fetch.h"
#include "installer/update/block_plan.h"
#include "installer/update/tree_fetch.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::update {
namespace {

using payload::Bytes;
using payload::Tree;

void check_room(const FillRequest& request) {
    const std::uint64_t blocks = request.wanted.data_blocks;
    const auto check = [](const Area& area, std::uint64_t needed) {
        if (area.blocks() < needed)
            throw UsageError(std::format("the update does not fit: '{}' has {}, it needs {}", area.name,
                                         format_bytes(area.size), format_bytes(needed * block_size)));
    };
    // Compared before anything is multiplied or made for so many blocks.
    if (blocks == 0) throw UsageError("the update has no blocks");
    check(request.idle.root, blocks);
    check(request.idle.verity, 1 + payload::make_tree_shape(blocks).blocks());
}

bool is_same_place(const Area& left, const Area& right) {
    struct stat of_left = {};
    struct stat of_right = {};
    if (::fstat(left.fd, &of_left) != 0 || ::fstat(right.fd, &of_right) != 0)
        throw SystemError(std::format("cannot look at '{}'", left.name));
    const bool is_same_file = S_ISBLK(of_left.st_mode) && S_ISBLK(of_right.st_mode)
                                  ? of_left.st_rdev == of_right.st_rdev
                                  : of_left.st_dev == of_right.st_dev && of_left.st_ino == of_right.st_ino;
    return is_same_file && left.offset < right.offset + right.size && right.offset < left.offset + left.size;
}

/// The last line of defence against a caller that mixes the slots up.
void check_running_is_another(const FillRequest& request) {
    if (!request.running) return;
    for (const Area* idle : {&request.idle.root, &request.idle.verity})
        for (const Area* running : {&request.running->slot.root, &request.running->slot.verity})
            if (is_same_place(*idle, *running))
                throw UsageError(std::format("'{}' belongs to the running slot", idle->name));
}

void clear_superblock(const Area& verity) {
    verity.write(0, Bytes(block_size));
    verity.sync();
}

/// Counts blocks that are in place, and tells.
class Progress {
  public:
    explicit Progress(const FillRequest& request) : request_(request) {}
    void add(std::uint64_t blocks) {
        done_ += blocks;
        if (request_.on_progress && blocks > 0)
            request_.on_progress({.blocks_done = done_, .blocks = request_.wanted.data_blocks});
    }

  private:
    const FillRequest& request_;
    std::uint64_t done_ = 0;
};

/// Collects neighbouring blocks into one write.
class BlockWriter {
  public:
    explicit BlockWriter(const Area& area) : area_(area) {}
    void add(std::uint64_t block, std::span<const std::uint8_t> bytes) {
        if (block != first_ + bytes_.size() / block_size || bytes_.size() == blocks_at_once * block_size)
            flush();
        if (bytes_.empty()) first_ = block;
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
    void flush() {
        if (!bytes_.empty()) area_.write(first_, bytes_);
        bytes_.clear();
    }

  private:
    const Area& area_;
    std::uint64_t first_ = 0;
    Bytes bytes_;
};

/// Writes what needs no network. A block that the running slot no longer has as its tree says is fetched.
void write_local_blocks(const FillRequest& request, const Tree& tree, const LeafIndex& running,
                        std::vector<Origin>& plan, FillResult& result, Progress& progress) {
    BlockWriter writer(request.idle.root);
    payload::BlockHasher hasher;
    Bytes block(block_size);
    for (std::uint64_t number = 0; number < plan.size(); ++number) {
        if (plan[number] == Origin::zero) {
            std::ranges::fill(block, std::uint8_t{0});
        } else if (plan[number] == Origin::copied) {
            const crypto::Hash leaf = tree.leaf(number);
            if (!request.running->slot.root.try_read(running.find(leaf).value(), block) ||
                hasher.hash(block) != leaf) {
                plan[number] = Origin::fetched;
                continue;
            }
        } else {
            continue;
        }
        writer.add(number, block);
        ++(plan[number] == Origin::zero ? result.blocks_zero : result.blocks_copied);
        progress.add(1);
    }
    writer.flush();
}

void write_root(const FillRequest& request, const Tree& tree, net::Transport& transport, FillResult& result) {
    Progress progress(request);
    const LeafIndex running = request.running ? LeafIndex(*request.running) : LeafIndex();
    std::vector<Origin> plan = plan_blocks(tree, request.idle.root, running);
    result.blocks_kept = static_cast<std::uint64_t>(std::ranges::count(plan, Origin::kept));
    progress.add(result.blocks_kept);
    write_local_blocks(request, tree, running, plan, result, progress);
    BlockFetch(request, tree, plan, transport, result).run([&](std::uint64_t blocks) {
        progress.add(blocks);
    });
    request.idle.root.sync();
}

/// The tree of what the disk holds now.
Tree read_back(const FillRequest& request) {
    const Area& root = request.idle.root;
    const std::uint64_t blocks = request.wanted.data_blocks;
    root.forget_cache();
    payload::BlockHasher hasher;
    Bytes piece(blocks_at_once * block_size);
    const std::uint64_t hashes = layout::verity_hashes_per_block;
    Bytes leaves((blocks + hashes - 1) / hashes * block_size);
    for (std::uint64_t first = 0; first < blocks; first += blocks_at_once) {
        const std::uint64_t count = std::min(blocks_at_once, blocks - first);
        root.read(first, std::span(piece).first(count * block_size));
        for (std::uint64_t index = 0; index < count; ++index)
            std::ranges::copy(hasher.hash(std::span(piece).subspan(index * block_size, block_size)).bytes(),
                              &leaves[(first + index) * layout::verity_hash_size]);
    }
    Tree tree = payload::make_tree(blocks, std::move(leaves));
    if (tree.root_hash != request.wanted.root_hash)
        throw VerifyError(std::format("'{}' does not hold what was written to it", root.name))
            .detail("expected root hash", request.wanted.root_hash.to_hex())
            .detail("found root hash", tree.root_hash.to_hex())
            .hint("the disk may be failing");
    return tree;
}

/// Most of it is there since it was fetched.
void write_tree(const Area& verity, const Tree& tree) {
    verity.sync();
    verity.forget_cache();
    Bytes held(block_size);
    for (std::uint64_t node = 0; node < tree.shape.blocks(); ++node)
        if (!verity.try_read(1 + node, held) || !std::ranges::equal(held, tree.node(node)))
            verity.write(1 + node, tree.node(node));
    verity.sync();
}

void write_superblock(const Area& verity, const Tree& tree) {
    verity.write(0, payload::make_verity_superblock(tree.root_hash, tree.shape.data_blocks));
    verity.sync();
}

}  // namespace

FillResult fill_slot(const FillRequest& request, net::Transport& transport) {
    check_room(request);
    check_running_is_another(request);
    FillResult result;
    // Power may fail between any two lines: without a superblock the slot is empty for everybody, and the
    // last line puts it over what was read back from the disk.
    clear_superblock(request.idle.verity);
    const Tree tree = TreeFetch(request, transport, result).run();
    write_root(request, tree, transport, result);
    const Tree held = read_back(request);
    write_tree(request.idle.verity, held);
    write_superblock(request.idle.verity, held);
    return result;
}

}  // namespace cairn::update
