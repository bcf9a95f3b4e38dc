#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/fd.h"

namespace cairn {

/// A directory held open, for trees that are not trusted: every operation takes a relative path, resolved
/// below this directory, and never follows a symbolic link out of it or through a component (openat2
/// RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS). Paths that are absolute or contain ".." throw VerifyError.
class Dir {
  public:
    static Dir open(const std::filesystem::path& path);

    int fd() const { return fd_.get(); }
    /// For messages only.
    const std::string& name() const { return name_; }

    Dir open_directory(std::string_view path) const;
    Fd open_file(std::string_view path, int flags, mode_t mode = 0644) const;
    /// Not there: empty. Never follows a final link.
    std::optional<struct stat> find_status(std::string_view path) const;
    std::string read_link(std::string_view path) const;
    /// Names in a directory ("" is this one), sorted bytewise, without "." and "..".
    std::vector<std::string> names(std::string_view path) const;

    void make_directory(std::string_view path, mode_t mode) const;  // existing directory is fine
    void make_directories(std::string_view path, mode_t mode) const;
    void make_symlink(const std::string& target, std::string_view path) const;
    void make_hard_link(std::string_view from, std::string_view to) const;
    void rename(std::string_view from, std::string_view to) const;
    /// Moves into another directory of the same file system. Without `allowed`, throws when something is
    /// there.
    enum class Overwrite { never, allowed };
    void move_to(std::string_view from, const Dir& target, std::string_view to, Overwrite overwrite) const;
    /// One more name for a file, or for a link as such, in another directory of the same file system.
    void link_to(std::string_view from, const Dir& target, std::string_view to) const;
    void remove_file(std::string_view path) const;
    void remove_directory(std::string_view path) const;
    void set_mode(std::string_view path, mode_t mode) const;

  private:
    Dir(Fd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
    /// Opens the parent of `path` and gives the last component.
    std::pair<Fd, std::string> open_parent(std::string_view path) const;

    Fd fd_;
    std::string name_;
};

/// True for a normalised relative path: not empty, no leading or trailing '/', no "", "." or ".." component,
/// no NUL, at most 4095 bytes, each component at most 255.
bool is_safe_relative_path(std::string_view path);

}  // namespace cairn
