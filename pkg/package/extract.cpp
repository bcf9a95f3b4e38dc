#include "pkg/package/extract.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <format>
#include <optional>

#include "pkg/archive/parallel.h"
#include "pkg/base/error.h"

namespace cairn::package {
namespace {

using archive::FileEntry;
using archive::Kind;

/// The part of one file that lies in one batch of chunks.
struct Piece {
    const FileEntry* entry;
    const std::string* place;
    std::uint64_t file_offset;  // of its first byte in the file
    std::uint64_t data_offset;  // of its first byte behind the batch's first
    std::uint64_t size;
    bool is_whole_file() const { return size == entry->size; }
};

/// Chunks one after the other that one thread unpacks in one go, and what they fill. Every chunk is in one
/// batch only, so each is unpacked once; a file that crosses batches is written by several threads, each its
/// own part.
struct Batch {
    std::size_t first_chunk = 0;
    std::vector<Piece> pieces;
};

/// Batches of which nothing is wanted are left out.
std::vector<Batch> plan_batches(const PackageReader& package, const Places& places) {
    constexpr std::uint64_t batch_size = 1 << 20;
    const auto& entries = package.files().entries;
    std::vector<Batch> batches;
    std::size_t index = 0;
    std::uint64_t done = 0;  // bytes of entries[index] that are in earlier batches
    for (std::size_t chunk = 0; chunk < package.chunks().size();) {
        Batch batch{.first_chunk = chunk};
        std::uint64_t size = 0;
        while (chunk < package.chunks().size() && size < batch_size)
            size += package.chunks()[chunk++].plain_size;
        for (std::uint64_t offset = 0; offset < size;) {
            const std::uint64_t part = std::min(size - offset, entries[index].size - done);
            if (part > 0 && !places[index].empty())
                batch.pieces.push_back({&entries[index], &places[index], done, offset, part});
            done += part;
            offset += part;
            if (done == entries[index].size) {
                ++index;
                done = 0;
            }
        }
        if (!batch.pieces.empty()) batches.push_back(std::move(batch));
    }
    return batches;
}

/// Opens files in `target`, best one after the other in their order: the directory of the last one stays
/// open, so that not every path is walked from the top.
class FileOpener {
  public:
    explicit FileOpener(const Dir& target) : target_(target) {}

    Fd make(const std::string& place) { return open(place, O_WRONLY | O_CREAT | O_EXCL); }

    Fd open(const std::string& place, int flags) {
        const std::size_t slash = place.rfind('/');
        if (slash == std::string::npos) return target_.open_file(place, flags, 0600);
        const std::string_view parent = std::string_view(place).substr(0, slash);
        if (!parent_ || parent_name_ != parent) {
            parent_ = target_.open_directory(parent);
            parent_name_ = parent;
        }
        return parent_->open_file(std::string_view(place).substr(slash + 1), flags, 0600);
    }

  private:
    const Dir& target_;
    std::optional<Dir> parent_;
    std::string parent_name_;
};

class Extraction {
  public:
    Extraction(const PackageReader& package, const Dir& target, const Places& places, Owners owners)
        : package_(package),
          target_(target),
          places_(places),
          owners_(owners),
          batches_(plan_batches(package, places)) {}

    void run() {
        make_shared_files();
        archive::run_on_threads(archive::default_threads, [this] { fill_files(); });
        finish_shared_files();
    }

  private:
    struct SharedFile {
        const FileEntry* entry;
        const std::string* place;
    };

    /// Files that no single batch makes: those that several batches fill, and those without content.
    void make_shared_files() {
        const auto& entries = package_.files().entries;
        for (std::size_t i = 0; i < places_.size(); ++i)
            if (entries[i].kind == Kind::file && entries[i].size == 0 && !places_[i].empty())
                shared_.push_back({&entries[i], &places_[i]});
        for (const Batch& batch : batches_)
            for (const Piece& piece : batch.pieces)
                if (!piece.is_whole_file() && piece.file_offset == 0)
                    shared_.push_back({piece.entry, piece.place});
        FileOpener files(target_);
        for (const SharedFile& file : shared_) files.make(*file.place);
    }

    void fill_files() {
        try {
            ChunkReader chunks(package_);
            FileOpener files(target_);
            for (std::size_t i; (i = next_++) < batches_.size();) fill(batches_[i], chunks, files);
        } catch (...) {
            next_ = batches_.size();
            throw;
        }
    }

    void fill(const Batch& batch, ChunkReader& chunks, FileOpener& files) {
        std::size_t chunk = batch.first_chunk;
        std::uint64_t chunk_offset = 0;
        for (const Piece& piece : batch.pieces) {
            const Fd file =
                piece.is_whole_file() ? files.make(*piece.place) : files.open(*piece.place, O_WRONLY);
            for (std::uint64_t done = 0; done < piece.size;) {
                const std::uint64_t offset = piece.data_offset + done;
                while (offset >= chunk_offset + package_.chunks()[chunk].plain_size)
                    chunk_offset += package_.chunks()[chunk++].plain_size;
                const auto bytes = chunks.read(chunk).subspan(offset - chunk_offset);
                const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), piece.size - done));
                write_all_at(file.get(), part, piece.file_offset + done, piece.entry->path);
                done += part.size();
            }
            if (piece.is_whole_file()) set_attributes(file.get(), *piece.entry, owners_);
        }
    }

    /// Only now: their mode may forbid to write to them.
    void finish_shared_files() {
        FileOpener files(target_);
        for (const SharedFile& file : shared_)
            set_attributes(files.open(*file.place, O_WRONLY).get(), *file.entry, owners_);
    }

    const PackageReader& package_;
    const Dir& target_;
    const Places& places_;
    Owners owners_;
    std::vector<Batch> batches_;
    std::vector<SharedFile> shared_;
    std::atomic<std::size_t> next_ = 0;
};

}  // namespace

void extract_contents(const PackageReader& package, const Dir& target, const Places& places, Owners owners) {
    CHECK(places.size() == package.files().entries.size());
    Extraction(package, target, places, owners).run();
}

void extract_package(const PackageReader& package, const Dir& target, Owners owners) {
    with_context(std::format("extracting package '{}'", package.path().string()), [&] {
        const Places places = own_places(package.files());
        place_directories(package.files(), target, places);
        extract_contents(package, target, places, owners);
        place_links(package.files(), target, places, owners);
        finish_directories(package.files(), target, places, owners);
    });
}

}  // namespace cairn::package
