#pragma once

#include <filesystem>

namespace cairn::init {

/// Copies what is in directory `from` into the existing directory `to`: files, directories and symbolic links
/// with owners and modes. Both trees are ours (the verified root, a fresh tmpfs). Throws SystemError at the
/// first failure.
void copy_tree(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace cairn::init
