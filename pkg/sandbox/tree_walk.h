#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <limits>

/// The build directory seen from outside: how large it is, and to whom it belongs.
///
/// The tree is whatever a build made, so nothing here follows a link, leaves the tree, or stops at a depth, a
/// length of path or a mode.
namespace cairn::sandbox {

/// Bytes that the tree takes on disk, each hard-linked file once. May be called while the tree changes: what
/// vanishes meanwhile is not counted. Stops early when the sum is above `enough`.
std::uint64_t measure_tree(const std::filesystem::path& root,
                           std::uint64_t enough = std::numeric_limits<std::uint64_t>::max());

/// Makes the whole tree belong to the sandbox's user. The tree must be at rest.
void give_tree(const std::filesystem::path& root, uid_t user, gid_t group);

/// Makes the whole tree the caller's own again and usable: set-user-id and set-group-id bits go, the owner
/// may read everything. Gives the bytes on disk. The tree must be at rest.
std::uint64_t take_tree_back(const std::filesystem::path& root);

}  // namespace cairn::sandbox
