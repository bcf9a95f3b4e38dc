#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/fd.h"

/// Whole files and directories on trusted paths (our own caches and outputs). Trees that are not trusted are
/// touched through `Dir` (pkg/base/dir.h) only.
namespace cairn {

/// Reads a whole file. Throws SystemError, or Error when it is larger than `limit` bytes.
std::string read_file(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{1} << 30);
/// Empty when there is no such file; every other failure throws.
std::optional<std::string> find_file(const std::filesystem::path& path,
                                     std::uint64_t limit = std::uint64_t{1} << 30);
/// Replaces a file's content in place, without any promise if power fails. See AtomicFile for that.
void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0644);

void make_directories(const std::filesystem::path& path);
/// Removes a tree, also one with read-only directories. Nothing there is fine.
void remove_tree(const std::filesystem::path& path);
/// Atomic and durable replacement of a small file (AtomicFile underneath).
void replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0644);

/// A fresh directory below `parent`, removed with its content when destroyed.
class TemporaryDirectory {
  public:
    /// `parent` empty: $TMPDIR, else /tmp.
    explicit TemporaryDirectory(const std::filesystem::path& parent = {}, std::string_view prefix = "cairn");
    TemporaryDirectory(TemporaryDirectory&& other) noexcept;
    TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept;
    ~TemporaryDirectory();
    const std::filesystem::path& path() const { return path_; }
    /// Gives up ownership: the directory stays.
    std::filesystem::path release();

  private:
    std::filesystem::path path_;
};

/// An exclusive or shared lock on a file, made if missing, held until destroyed (flock; freed by the kernel
/// when the process dies).
class FileLock {
  public:
    enum class Mode { exclusive, shared };
    /// Waits for the lock; calls `on_wait` once, when it is not free at once.
    FileLock(const std::filesystem::path& path, Mode mode,
             void (*on_wait)(const std::filesystem::path&) = nullptr);
    /// Empty when somebody else holds it.
    static std::optional<FileLock> find(const std::filesystem::path& path, Mode mode);

  private:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace cairn
