#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/crypto/hash.h"

/// A tree of files as a value: what a build has staged, before it is packed. Names, modes, owners, link
/// targets and content hashes, without the content.
namespace cairn::archive {

struct Xattr {
    std::string name;   // with its namespace: "security.capability"
    std::string value;  // raw bytes
    auto operator<=>(const Xattr&) const = default;
};

enum class Kind : std::uint8_t { file, directory, symlink, hard_link };

struct FileEntry {
    std::string path;  // relative and normalised, see is_safe_relative_path; UTF-8 without control characters
    Kind kind = Kind::file;
    mode_t mode = 0;  // permission bits only; 0777 for symlinks; for hard links that of the file
    uid_t uid = 0;
    gid_t gid = 0;
    std::uint64_t size = 0;     // of files; 0 for all others
    std::string target;         // symlink: its text; hard link: the path of the file in the same tree
    std::vector<Xattr> xattrs;  // sorted by name
    crypto::Hash content;       // BLAKE2b-256 of a file's content; zero for all others
    bool operator==(const FileEntry&) const = default;
};

/// Entries sorted by the bytes of their paths, each path once. A directory stands before what is in it; the
/// root itself has no entry. A hard link's target is a `file` entry that stands before it.
struct FileTree {
    std::vector<FileEntry> entries;

    /// Null when there is no such path. Borrowed from `entries`.
    const FileEntry* find(std::string_view path) const;
    FileEntry* find(std::string_view path);
    /// Sum of all files' sizes.
    std::uint64_t content_size() const;
    bool operator==(const FileTree&) const = default;
};

/// Limits that a tree must keep to be packed; every reader refuses what exceeds them.
struct TreeLimits {
    static constexpr std::size_t entries = 1'000'000;
    static constexpr std::size_t path = 1024;    // bytes of a whole path
    static constexpr std::size_t target = 4095;  // bytes of a link's target
    static constexpr std::uint64_t file = std::uint64_t{16} << 30;
    static constexpr std::uint64_t content = std::uint64_t{64} << 30;
    static constexpr std::size_t xattrs = 16;  // per entry
    static constexpr std::size_t xattr_name = 255;
    static constexpr std::size_t xattr_value = 4096;
};

/// Reads the tree below `root`, which nothing may change meanwhile. What depends on the machine is
/// normalised: owners become 0:0; directories 0755; files 0755 when their owner may execute them, else 0644;
/// times and extended attributes are not read. Files are hashed by two threads. Throws Error naming the path
/// for device nodes, sockets, pipes, setuid and setgid files, names that a package cannot hold and trees over
/// the limits.
FileTree scan_tree(const std::filesystem::path& root);

/// The output hash of a staged tree: over every field of every entry, so before any signature. Two trees have
/// the same hash exactly when they are equal.
crypto::Hash hash_tree(const FileTree& tree);

/// Checks everything that FileTree promises (order, links, limits, names, modes). Throws Error naming the
/// path.
void check_tree(const FileTree& tree);

/// True for a path that a package can hold: is_safe_relative_path, within the limit, UTF-8, no control
/// characters.
bool is_packable_path(std::string_view path);
/// True for UTF-8 (RFC 3629) without control characters.
bool is_plain_text(std::string_view text);

/// In a sorted range, orders paths as FileTree does: by their bytes.
inline bool is_path_before(const FileEntry& left, const FileEntry& right) {
    return left.path < right.path;
}

}  // namespace cairn::archive
