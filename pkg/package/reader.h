#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pkg/archive/zstd.h"
#include "pkg/base/fd.h"
#include "pkg/package/head.h"

namespace cairn::package {

/// An open package file whose head is verified. Its content is checked chunk by chunk when it is read, before
/// anybody sees it. Cheap to move; only open_package makes one. Several threads may use one through their own
/// ContentReader.
class PackageReader {
  public:
    const std::filesystem::path& path() const { return path_; }
    const crypto::Hash& id() const { return head_.id(); }
    const crypto::PublicKey& signer() const { return head_.preamble().signer; }
    const VerifiedHead& head() const { return head_; }
    const Preamble& preamble() const { return head_.preamble(); }
    const Identity& identity() const { return head_.head().identity; }
    const archive::FileTree& files() const { return head_.head().files; }
    const std::vector<Chunk>& chunks() const { return head_.head().chunks; }
    /// Fills `bytes` from the data as it is stored, beginning `offset` bytes into it. Nothing is checked.
    void read_stored(std::span<std::uint8_t> bytes, std::uint64_t offset) const;

  private:
    friend PackageReader open_package(const std::filesystem::path&, const AllowedKeys&);
    friend class ContentReader;
    friend class ChunkReader;
    PackageReader(std::filesystem::path path, Fd fd, VerifiedHead head);

    std::filesystem::path path_;
    Fd fd_;
    VerifiedHead head_;
    // Sums of the sizes before each chunk and each entry, with the whole sum as last.
    std::vector<std::uint64_t> plain_offsets_;
    std::vector<std::uint64_t> stored_offsets_;
    std::vector<std::uint64_t> file_offsets_;
};

/// Opens a package and verifies its head: signature, structure, all limits. Throws VerifyError naming the
/// file when anything is wrong with it, also when it is too short or too long.
PackageReader open_package(const std::filesystem::path& path, const AllowedKeys& keys);

/// Reads single chunks and checks them against their ids. Keeps the last one. Borrows the reader; for one
/// thread.
class ChunkReader {
  public:
    explicit ChunkReader(const PackageReader& package) : package_(&package) {}
    /// The plain bytes of a chunk; they stay until the next call. Throws VerifyError.
    std::span<const std::uint8_t> read(std::size_t index);

  private:
    const PackageReader* package_;
    archive::ZstdDecompressor decompressor_;
    std::vector<std::uint8_t> stored_;
    std::vector<std::uint8_t> plain_;
    std::size_t current_ = static_cast<std::size_t>(-1);
};

/// Reads the contents of files. Borrows the reader; for one thread. Quickest when files are read in their
/// order.
class ContentReader {
  public:
    explicit ContentReader(const PackageReader& package) : package_(&package), chunks_(package) {}

    using Sink = std::function<void(std::span<const std::uint8_t>)>;
    /// Gives the content of a file, or of the file that a hard link stands for, to `sink` piece by piece.
    /// `entry` is one of the package's own entries, by reference. Throws VerifyError before any wrong byte is
    /// given.
    void read(const archive::FileEntry& entry, const Sink& sink);
    /// The whole content. Throws VerifyError when it is larger than `limit`.
    std::string read_whole(const archive::FileEntry& entry, std::uint64_t limit = std::uint64_t{1} << 30);

  private:
    const PackageReader* package_;
    ChunkReader chunks_;
};

/// How much of the data verify_content looks at.
enum class Depth {
    stored,  // the data is, bit for bit, what was signed
    full,    // also: it unpacks to the chunks, and these are the files that the table names
};

/// Reads the whole package, by two threads. Throws VerifyError naming the first thing found that is wrong.
void verify_content(const PackageReader& package, Depth depth);

}  // namespace cairn::package
