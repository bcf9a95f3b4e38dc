#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/archive/tree.h"
#include "pkg/package/reader.h"

/// Packages laid out as one root: every file with owner, mode and where its content comes from. Nothing is
/// unpacked; the content is read out of the packages, checked, when it is asked for.
namespace cairn::rootfs {

/// A file that belongs to no package, made in memory (release.json, os-release).
struct ExtraFile {
    std::string path;
    std::string content;
    mode_t mode = 0644;
    uid_t uid = 0;
    gid_t gid = 0;
};

struct RootEntry {
    archive::FileEntry entry;
    /// Index of the package that the entry comes from (the first, for directories that several have), or
    /// `from_extra` for an extra file and directories made for one.
    std::size_t package = 0;
    static constexpr std::size_t from_extra = static_cast<std::size_t>(-1);
};

/// The root: entries sorted by the bytes of their paths, as in FileTree, and the open packages. Move-only.
class RootTree {
  public:
    const std::vector<RootEntry>& entries() const { return entries_; }
    const std::vector<package::PackageReader>& packages() const { return packages_; }
    /// Null when there is no such path. Borrowed.
    const RootEntry* find(std::string_view path) const;
    std::uint64_t content_size() const;

  private:
    friend RootTree lay_out_root(std::vector<package::PackageReader>, const std::vector<ExtraFile>&);
    friend class RootContent;
    std::vector<package::PackageReader> packages_;
    std::vector<RootEntry> entries_;
    std::vector<std::pair<std::string, std::string>> extra_contents_;  // path, content; sorted
};

/// Lays packages out, in the given order. Directories that several packages have are fine when they are
/// equal; directories that only extra files need are made as 0755. Throws UsageError naming
///  - both packages, when they claim one path (or give one directory two owners or modes),
///  - the package, when something it depends on is not among them, or another one conflicts with it,
///  - the extra file that is in the way of a package's entry, or has a bad path.
RootTree lay_out_root(std::vector<package::PackageReader> packages,
                      const std::vector<ExtraFile>& extra_files);

/// Reads contents out of the packages of a root; for one thread. Borrows the root. Quickest in the order of
/// entries.
class RootContent {
  public:
    explicit RootContent(const RootTree& root);
    using Sink = std::function<void(std::span<const std::uint8_t>)>;
    /// Gives the content of a file (or of what a hard link stands for) piece by piece. `entry` is one of the
    /// root's own. Throws VerifyError before any wrong byte is given.
    void read(const RootEntry& entry, const Sink& sink);
    std::string read_whole(const RootEntry& entry, std::uint64_t limit = std::uint64_t{1} << 30);

  private:
    const RootTree* root_;
    std::vector<std::unique_ptr<package::ContentReader>> readers_;
};

/// Writes the whole root as a tar stream, in the order of its entries, all with the time `time`. The bytes
/// depend on nothing else. `name` names the stream in messages.
void write_tar(const RootTree& root, int fd, const std::string& name, std::uint64_t time);

}  // namespace cairn::rootfs
