#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "pkg/crypto/hash.h"

namespace cairn::source {

/// Remembers the hashes of the files of one directory between runs, so that unchanged files are not read
/// again. A file counts as unchanged when its size, inode and both times are the same. A file that was
/// changed less than a second before it was hashed is not remembered: a second change could leave the same
/// times.
class FileHashes {
  public:
    /// Reads what is known of `directory`; nothing known, or a damaged record, is the same as an empty one.
    FileHashes(const std::filesystem::path& cache, const std::filesystem::path& directory);

    /// BLAKE2b of the file at `path` below the directory, whose status is `status`.
    crypto::Hash hash_of(const std::string& path, const struct stat& status);
    /// Writes the record, if there is anything new. Entries that were not asked for are kept.
    void save() const;

  private:
    struct Entry {
        std::uint64_t inode = 0;
        std::int64_t size = 0;
        std::int64_t modified = 0;  // nanoseconds
        std::int64_t changed = 0;
        crypto::Hash content;
    };
    static Entry to_entry(const struct stat& status);
    void read();

    std::filesystem::path directory_;
    std::filesystem::path record_;
    std::map<std::string, Entry> entries_;
    bool is_changed_ = false;
};

}  // namespace cairn::source
