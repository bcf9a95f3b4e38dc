#pragma once

#include <cstdint>
#include <filesystem>

namespace cairn::source {

/// What a look at every entry of an unpacked tree finds, content aside.
struct TreeState {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    bool is_fixed = true;  // every file and directory has the fixed time and mode

    bool operator==(const TreeState&) const = default;
};

/// Any write into a tree leaves a time other than the fixed one, so this finds damage without reading 80,000
/// files.
TreeState look_at_tree(const std::filesystem::path& tree);

/// Gives every entry the fixed time, files 0644 or 0755, directories 0755; the last step of making a tree.
TreeState fix_tree(const std::filesystem::path& tree);

}  // namespace cairn::source
