#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::source {

/// One patch beside a recipe.
struct Patch {
    std::filesystem::path path;
    std::string text;
};

/// Reads the patches that a recipe names. Throws UsageError for one that is not there.
std::vector<Patch> read_patches(const std::filesystem::path& recipe_directory,
                                const std::vector<std::string>& names);

/// The files that a unified diff changes, with the first directory dropped (-p1). Throws VerifyError when a
/// name is absolute, climbs out with "..", or when the patch makes links: such a patch must not be given to
/// any program.
std::vector<std::string> list_patched_files(const Patch& patch);

/// Applies one patch to the tree at `tree`, which is ours alone. No fuzz, no backups, no guessing of
/// directions, and no file reached through a symbolic link of the tree. Throws Error naming the patch and the
/// hunk that does not apply.
void apply_patch(const Patch& patch, const std::filesystem::path& tree);

}  // namespace cairn::source
