#include "images/payload/payload.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <format>

#include "images/layout/verity_format.h"
#include "images/payload/frames_index.h"
#include "images/payload/verity_tree.h"
#include "pkg/archive/parallel.h"
#include "pkg/archive/zstd.h"
#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"

namespace cairn::payload {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t block_size = layout::verity_block_size;
/// A frame that is cut at a file's end has at least so many blocks: smaller ones pack badly.
constexpr std::uint32_t least_blocks = 4;
constexpr std::size_t frames_at_once = 128;

/// The tree of the file, checked down to every leaf.
Tree read_tree(const PayloadRequest& request, std::uint64_t data_blocks) {
    Tree tree = {.root_hash = request.root_hash, .shape = make_tree_shape(data_blocks)};
    const Fd file = open_file(request.verity, O_RDONLY);
    tree.nodes.resize(tree.shape.blocks() * block_size);
    read_exactly_at(file.get(), tree.nodes, block_size, request.verity.string());
    BlockHasher hasher;
    for (std::size_t level = 0; level < tree.shape.levels.size(); ++level)
        for (std::uint64_t index = 0; index < tree.shape.levels[level].blocks; ++index)
            if (hasher.hash(tree.node(tree.shape.levels[level].first + index)) !=
                tree.node_hash(level, index))
                throw VerifyError(std::format("'{}' is not the tree of root hash {}", request.verity.string(),
                                              request.root_hash.to_hex()));
    return tree;
}

/// Files start at block borders, so the last block of most of them ends with zeros. Cutting there keeps the
/// blocks of one file together without knowing the file system.
bool ends_file(std::span<const std::uint8_t> block) {
    return std::ranges::all_of(block.last(16), [](std::uint8_t byte) { return byte == 0; });
}

struct Piece {
    std::uint64_t first_block = 0;
    Bytes plain = {};
    Bytes packed = {};
};

/// Reads the root from start to end, a frame at a time.
class FrameCutter {
  public:
    FrameCutter(const fs::path& root, std::uint64_t blocks)
        : name_(root.string()), file_(open_file(root, O_RDONLY)), blocks_(blocks) {}

    bool is_at_end() const { return next_ == blocks_; }

    Piece next() {
        Piece piece = {.first_block = next_};
        piece.plain.resize(std::min<std::uint64_t>(most_blocks_per_frame, blocks_ - next_) * block_size);
        read_exactly_at(file_.get(), piece.plain, next_ * block_size, name_);
        std::uint64_t count = 1;
        while (count * block_size < piece.plain.size() &&
               (count < least_blocks ||
                !ends_file(std::span(piece.plain).subspan((count - 1) * block_size, block_size))))
            ++count;
        piece.plain.resize(count * block_size);
        next_ += count;
        return piece;
    }

  private:
    std::string name_;
    Fd file_;
    std::uint64_t blocks_;
    std::uint64_t next_ = 0;
};

void check_blocks(const PayloadRequest& request, const Tree& tree, const Piece& piece, BlockHasher& hasher) {
    for (std::uint64_t at = 0; at < piece.plain.size(); at += block_size)
        if (hasher.hash(std::span(piece.plain).subspan(at, block_size)) !=
            tree.leaf(piece.first_block + at / block_size))
            throw VerifyError(std::format("'{}' is not what '{}' says: block {} differs",
                                          request.root.string(), request.verity.string(),
                                          piece.first_block + at / block_size));
}

void pack(const PayloadRequest& request, const Tree& tree, std::vector<Piece>& pieces) {
    std::atomic<std::size_t> next = 0;
    archive::run_on_threads(request.threads, [&] {
        archive::ZstdCompressor compressor(request.level);
        BlockHasher hasher;
        for (std::size_t index = next++; index < pieces.size(); index = next++) {
            check_blocks(request, tree, pieces[index], hasher);
            compressor.compress(pieces[index].plain, pieces[index].packed);
        }
    });
}

FramesIndex write_frames(const PayloadRequest& request, const Tree& tree, const fs::path& path) {
    FramesIndex index;
    AtomicFile output(path);
    FrameCutter cutter(request.root, tree.shape.data_blocks);
    while (!cutter.is_at_end()) {
        std::vector<Piece> pieces;
        while (!cutter.is_at_end() && pieces.size() < frames_at_once) pieces.push_back(cutter.next());
        pack(request, tree, pieces);
        for (const Piece& piece : pieces) {
            output.write(piece.packed);
            index.add(static_cast<std::uint32_t>(piece.plain.size() / block_size),
                      static_cast<std::uint32_t>(piece.packed.size()));
        }
    }
    output.commit();
    return index;
}

void write_whole(const fs::path& path, std::span<const std::uint8_t> bytes) {
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

Payload describe(const crypto::Hash& root_hash, const FramesIndex& index,
                 std::span<const std::uint8_t> index_bytes) {
    return {.root_hash = root_hash,
            .data_blocks = index.data_blocks,
            .tree_size = make_tree_shape(index.data_blocks).blocks() * block_size,
            .frames_size = index.frames_size(),
            .frames_index_size = index_bytes.size(),
            .frames_index = crypto::hash_sha256(index_bytes)};
}

}  // namespace

Payload make_payload(const PayloadRequest& request) {
    const std::uint64_t size = fs::file_size(request.root);
    if (size == 0 || size % block_size != 0)
        throw Error(std::format("cannot make the payload of '{}': its {} bytes are not whole blocks",
                                request.root.string(), size));
    const std::string name = request.root_hash.to_hex();
    make_directories(request.output);
    const Tree tree = read_tree(request, size / block_size);
    write_whole(request.output / (name + ".tree"), tree.nodes);
    const FramesIndex index = write_frames(request, tree, request.output / (name + ".frames"));
    const std::vector<std::uint8_t> index_bytes = to_bytes(index);
    write_whole(request.output / (name + ".frames.idx"), index_bytes);
    return describe(request.root_hash, index, index_bytes);
}

std::optional<Payload> find_payload(const fs::path& folder, const crypto::Hash& root_hash) {
    const fs::path path = folder / (root_hash.to_hex() + ".frames.idx");
    const std::optional<std::string> text = find_file(path);
    if (!text) return std::nullopt;
    const std::vector<std::uint8_t> bytes(text->begin(), text->end());
    const Payload payload = describe(root_hash, parse_frames_index(bytes, path.string()), bytes);
    for (const auto& [ending, size] :
         {std::pair{".tree", payload.tree_size}, std::pair{".frames", payload.frames_size}}) {
        const fs::path file = folder / (root_hash.to_hex() + ending);
        if (!fs::is_regular_file(file) || fs::file_size(file) != size)
            throw VerifyError(
                std::format("'{}' is not what its index says: it should have {} bytes", file.string(), size))
                .hint("take it from a copy of the repository");
    }
    return payload;
}

}  // namespace cairn::payload
