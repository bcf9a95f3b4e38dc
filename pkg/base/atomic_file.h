#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "pkg/base/fd.h"

namespace cairn {

/// A file that appears whole or not at all: written under a temporary name beside its place, and renamed by
/// commit(). Destroyed without commit(), nothing has happened.
class AtomicFile {
  public:
    explicit AtomicFile(std::filesystem::path path, mode_t mode = 0644);
    AtomicFile(AtomicFile&&) noexcept = default;
    AtomicFile& operator=(AtomicFile&&) = delete;
    ~AtomicFile();

    int fd() const { return fd_.get(); }
    /// Where the bytes are until commit(), for child processes that write them.
    const std::filesystem::path& temporary_path() const { return temporary_; }
    void write(std::span<const std::uint8_t> bytes);
    void write(std::string_view text);

    enum class Durability { synced, unsynced };
    /// Writes, syncs, renames and syncs the directory. With `unsynced` (caches that can be made again) only
    /// renames.
    void commit(Durability durability = Durability::synced);

  private:
    std::filesystem::path path_;
    std::filesystem::path temporary_;
    Fd fd_;
};

}  // namespace cairn
