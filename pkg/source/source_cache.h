#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "pkg/base/files.h"
#include "pkg/crypto/hash.h"

namespace cairn::source {

/// The downloaded files below one cache directory, each named by its SHA-256. A file gets its name only after
/// its bytes were checked; since disks and people damage files, they are checked again each time they are
/// used.
class SourceCache {
  public:
    /// Makes the directories it needs.
    explicit SourceCache(const std::filesystem::path& cache);

    std::filesystem::path path_of(const crypto::Hash& sha256) const;
    /// Where a download grows; kept when it breaks off, for the next run to go on.
    std::filesystem::path partial_path_of(const crypto::Hash& sha256) const;

    /// Present, not yet checked.
    bool has(const crypto::Hash& sha256) const;
    /// The file, its bytes checked just now. A damaged one is removed: empty, as if it had never been there.
    std::optional<std::filesystem::path> find_intact(const crypto::Hash& sha256) const;

    enum class Adoption { adopted, wrong_hash };
    /// Checks the partial file and gives it its name. With a wrong hash it stays where it is.
    Adoption adopt_partial(const crypto::Hash& sha256) const;
    /// Keeps a partial file of the wrong bytes as rejected/<file>, for people to look at; gives that path.
    std::filesystem::path reject_partial(const crypto::Hash& sha256, const std::string& file) const;

    /// Held while one file is fetched or one tree is made, so that two runs do not do it twice.
    FileLock lock(const std::string& name) const;

  private:
    std::filesystem::path sources_;
    std::filesystem::path locks_;
};

}  // namespace cairn::source
