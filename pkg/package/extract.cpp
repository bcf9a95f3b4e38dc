#include "pkg/package/extract.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <format>
#include <optional>
#include <ranges>

#include "pkg/archive/parallel.h"
#include "pkg/base/error.h"

namespace cairn::package {
namespace {

using archive::FileEntry;
using archive::Kind;

/// The part of one file that lies in one batch of chunks.
struct Piece {
    const FileEntry* entry;
    std::uint64_t file_offset;  // of its first byte in the file
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

std::vector<Batch> plan_batches(const PackageReader& package) {
    constexpr std::uint64_t batch_size = 1 << 20;
    std::vector<Batch> batches;
    auto entry = package.files().entries.begin();
    std::uint64_t done = 0;  // bytes of *entry that are in earlier batches
    for (std::size_t chunk = 0; chunk < package.chunks().size();) {
        Batch batch{.first_chunk = chunk};
        std::uint64_t size = 0;
        while (chunk < package.chunks().size() && size < batch_size)
            size += package.chunks()[chunk++].plain_size;
        while (size > 0) {
            const std::uint64_t part = std::min(size, entry->size - done);
            if (part > 0) batch.pieces.push_back({&*entry, done, part});
            done += part;
            size -= part;
            if (done == entry->size) {
                ++entry;
                done = 0;
            }
        }
        batches.push_back(std::move(batch));
    }
    return batches;
}

void set_owner(int fd, const FileEntry& entry) {
    if (::fchown(fd, entry.uid, entry.gid) != 0)
        throw SystemError(std::format("cannot give '{}' to {}:{}", entry.path, entry.uid, entry.gid));
    for (const archive::Xattr& xattr : entry.xattrs)
        if (::fsetxattr(fd, xattr.name.c_str(), xattr.value.data(), xattr.value.size(), 0) != 0)
            throw SystemError(std::format("cannot set '{}' of '{}'", xattr.name, entry.path));
}

/// Owner first: changing it clears mode bits.
void finish_file(int fd, const FileEntry& entry, Owners owners) {
    if (owners == Owners::exact) set_owner(fd, entry);
    if (::fchmod(fd, entry.mode) != 0)
        throw SystemError(std::format("cannot set the mode of '{}'", entry.path));
}

/// Opens files in `target`, best one after the other in their order: the directory of the last one stays
/// open, so that not every path is walked from the top.
class FileOpener {
  public:
    explicit FileOpener(const Dir& target) : target_(target) {}

    Fd make(const FileEntry& entry) { return open(entry, O_WRONLY | O_CREAT | O_EXCL); }

    Fd open(const FileEntry& entry, int flags) {
        const std::size_t slash = entry.path.rfind('/');
        if (slash == std::string::npos) return target_.open_file(entry.path, flags, 0600);
        const std::string_view parent = std::string_view(entry.path).substr(0, slash);
        if (!parent_ || parent_name_ != parent) {
            parent_ = target_.open_directory(parent);
            parent_name_ = parent;
        }
        return parent_->open_file(std::string_view(entry.path).substr(slash + 1), flags, 0600);
    }

  private:
    const Dir& target_;
    std::optional<Dir> parent_;
    std::string parent_name_;
};

class Extraction {
  public:
    Extraction(const PackageReader& package, const Dir& target, Owners owners)
        : package_(package), target_(target), owners_(owners), batches_(plan_batches(package)) {}

    void run() {
        make_directories();
        make_shared_files();
        archive::run_on_threads(archive::default_threads, [this] { fill_files(); });
        finish_shared_files();
        make_links();
        finish_directories();
    }

  private:
    void make_directories() {
        for (const FileEntry& entry : package_.files().entries)
            if (entry.kind == Kind::directory) target_.make_directory(entry.path, 0700);
    }

    /// Files that no single batch makes: those that several batches fill, and those without content.
    void make_shared_files() {
        for (const FileEntry& entry : package_.files().entries)
            if (entry.kind == Kind::file && entry.size == 0) shared_.push_back(&entry);
        for (const Batch& batch : batches_)
            for (const Piece& piece : batch.pieces)
                if (!piece.is_whole_file() && piece.file_offset == 0) shared_.push_back(piece.entry);
        FileOpener files(target_);
        for (const FileEntry* entry : shared_) files.make(*entry);
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
        std::size_t next_chunk = batch.first_chunk;
        std::span<const std::uint8_t> bytes;
        for (const Piece& piece : batch.pieces) {
            const Fd file =
                piece.is_whole_file() ? files.make(*piece.entry) : files.open(*piece.entry, O_WRONLY);
            for (std::uint64_t done = 0; done < piece.size;) {
                if (bytes.empty()) bytes = chunks.read(next_chunk++);
                const auto part = bytes.first(std::min<std::uint64_t>(bytes.size(), piece.size - done));
                write_all_at(file.get(), part, piece.file_offset + done, piece.entry->path);
                bytes = bytes.subspan(part.size());
                done += part.size();
            }
            if (piece.is_whole_file()) finish_file(file.get(), *piece.entry, owners_);
        }
    }

    /// Only now: their mode may forbid to write to them.
    void finish_shared_files() {
        FileOpener files(target_);
        for (const FileEntry* entry : shared_)
            finish_file(files.open(*entry, O_WRONLY).get(), *entry, owners_);
    }

    void make_links() {
        for (const FileEntry& entry : package_.files().entries) {
            if (entry.kind == Kind::hard_link) target_.make_hard_link(entry.target, entry.path);
            if (entry.kind != Kind::symlink) continue;
            target_.make_symlink(entry.target, entry.path);
            if (owners_ == Owners::exact) set_link_owner(entry);
        }
    }

    void set_link_owner(const FileEntry& entry) {
        const std::size_t slash = entry.path.rfind('/');
        const std::string name = slash == std::string::npos ? entry.path : entry.path.substr(slash + 1);
        std::optional<Dir> parent;
        if (slash != std::string::npos)
            parent = target_.open_directory(std::string_view(entry.path).substr(0, slash));
        const int directory = parent ? parent->fd() : target_.fd();
        if (::fchownat(directory, name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0)
            throw SystemError(std::format("cannot give '{}' to {}:{}", entry.path, entry.uid, entry.gid));
    }

    /// Last, and the deepest first: a directory's mode may forbid to write in it.
    void finish_directories() {
        for (const FileEntry& entry : package_.files().entries | std::views::reverse)
            if (entry.kind == Kind::directory)
                finish_file(target_.open_directory(entry.path).fd(), entry, owners_);
    }

    const PackageReader& package_;
    const Dir& target_;
    Owners owners_;
    std::vector<Batch> batches_;
    std::vector<const FileEntry*> shared_;
    std::atomic<std::size_t> next_ = 0;
};

}  // namespace

void extract_package(const PackageReader& package, const Dir& target, Owners owners) {
    with_context(std::format("extracting package '{}'", package.path().string()),
                 [&] { Extraction(package, target, owners).run(); });
}

}  // namespace cairn::package
