#include "pkg/package/writer.h"

#include <atomic>
#include <condition_variable>
#include <format>
#include <map>
#include <mutex>

#include "pkg/archive/parallel.h"
#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/package/head.h"
#include "pkg/package/spool.h"

namespace cairn::package {
namespace {

/// A chunk on its way: cut, then hashed and compressed, then written in its turn.
struct PackedChunk {
    Chunk chunk;
    std::vector<std::uint8_t> stored;
};

/// Packs chunks by several threads into one row. Each thread cuts the next chunk (one at a time), compresses
/// it (all at once) and puts the result in line; the row is the same however they overtake each other.
class ChunkPacker {
  public:
    ChunkPacker(ContentCutter& cutter, int level, Spool& spool)
        : cutter_(cutter), level_(level), spool_(spool) {}

    std::vector<Chunk> pack() {
        archive::run_on_threads(archive::default_threads, [this] { work(); });
        CHECK(waiting_.empty());
        return std::move(chunks_);
    }

  private:
    void work() {
        try {
            archive::ZstdCompressor compressor(level_);
            std::vector<std::uint8_t> plain;
            while (const auto turn = cut_next(plain)) put(*turn, compress(compressor, plain));
        } catch (...) {
            const std::scoped_lock lock(line_mutex_);
            failed_ = true;
            moved_.notify_all();
            throw;
        }
    }

    /// Empty when there is nothing left to cut, or another thread failed.
    std::optional<std::size_t> cut_next(std::vector<std::uint8_t>& plain) {
        const std::scoped_lock lock(cutter_mutex_);
        if (failed_) return std::nullopt;
        cutter_.take_next(plain);
        if (plain.empty()) return std::nullopt;
        return cut_++;
    }

    PackedChunk compress(archive::ZstdCompressor& compressor, const std::vector<std::uint8_t>& plain) {
        PackedChunk packed{.chunk = {.id = crypto::hash_blake2b(plain),
                                     .plain_size = static_cast<std::uint32_t>(plain.size())}};
        compressor.compress(plain, packed.stored);
        if (packed.stored.size() >= plain.size()) packed.stored = plain;
        packed.chunk.stored_size = static_cast<std::uint32_t>(packed.stored.size());
        return packed;
    }

    void put(std::size_t turn, PackedChunk packed) {
        std::unique_lock lock(line_mutex_);
        // A thread that is far ahead waits, so that memory stays bounded.
        moved_.wait(lock, [&] { return failed_ || turn < chunks_.size() + most_waiting; });
        waiting_.emplace(turn, std::move(packed));
        while (!waiting_.empty() && waiting_.begin()->first == chunks_.size()) {
            const auto first = waiting_.extract(waiting_.begin());
            spool_.append(first.mapped().stored);
            chunks_.push_back(first.mapped().chunk);
        }
        moved_.notify_all();
    }

    static constexpr std::size_t most_waiting = 16;

    ContentCutter& cutter_;
    int level_;
    std::mutex cutter_mutex_;
    std::size_t cut_ = 0;

    std::mutex line_mutex_;
    std::condition_variable moved_;
    std::atomic<bool> failed_ = false;
    std::map<std::size_t, PackedChunk> waiting_;
    Spool& spool_;
    std::vector<Chunk> chunks_;
};

Contents prepare_contents(const Dir& stage, const archive::FileTree& tree, const PackOptions& options) {
    Contents contents = plan_contents(tree);
    if (options.module_signer) sign_modules(contents, stage, *options.module_signer);
    return contents;
}

PackedPackage pack(const std::filesystem::path& stage_path, const archive::FileTree& tree,
                   const Identity& identity, crypto::Signer& signer, const std::filesystem::path& output,
                   const PackOptions& options) {
    const Dir stage = Dir::open(stage_path);
    const Contents contents = prepare_contents(stage, tree, options);
    Head head{.identity = identity, .files = tree_of(contents)};
    check_identity(head.identity);
    archive::check_tree(head.files);

    AtomicFile file(output);
    Spool spool(output.has_parent_path() ? output.parent_path() : ".");
    ContentCutter cutter(stage, contents);
    head.chunks = ChunkPacker(cutter, options.level, spool).pack();
    const SignedHead signed_head = make_signed_head(head, spool.size(), spool.finish_hash(), signer);
    file.write(signed_head.bytes);
    spool.copy_to(file.fd(), output.string());
    file.commit(options.durability == PackOptions::Durability::synced ? AtomicFile::Durability::synced
                                                                      : AtomicFile::Durability::unsynced);
    return PackedPackage{.path = output,
                         .id = signed_head.id,
                         .file_size = signed_head.bytes.size() + spool.size(),
                         .content_size = head.files.content_size()};
}

}  // namespace

PackedPackage make_package(const std::filesystem::path& stage, const archive::FileTree& tree,
                           const Identity& identity, crypto::Signer& signer,
                           const std::filesystem::path& output, const PackOptions& options) {
    return with_context(std::format("packing '{}'", identity.name),
                        [&] { return pack(stage, tree, identity, signer, output, options); });
}

}  // namespace cairn::package
