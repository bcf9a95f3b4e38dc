#pragma once

#include <filesystem>
#include <vector>

#include "pkg/crypto/hash.h"
#include "pkg/recipe/recipe.h"
#include "pkg/source/patches.h"
#include "pkg/source/path_source.h"

namespace cairn::source {

/// What one source of a recipe will be, known before anything is fetched.
struct SourcePlan {
    recipe::SourceSpec spec;
    std::vector<Patch> patches;
    std::filesystem::path directory;  // of `path` sources
    std::vector<PathFile> files;      // of `path` sources
    /// Names the content of the unpacked tree: over the pinned hash (or commit, or file hashes), the patches'
    /// texts, and how it is unpacked. The recipe's name is not in it, so recipes share trees.
    crypto::Hash key;
};

/// Reads patches and lists files of `path` sources; touches no network. `cache` is where file hashes are
/// remembered.
SourcePlan plan_source(const recipe::Recipe& recipe, const recipe::SourceSpec& spec,
                       const std::filesystem::path& cache);

/// One hash over everything that a build of `recipe` finds below /source: names and keys of all its sources.
crypto::Hash hash_sources(const recipe::Recipe& recipe, const std::filesystem::path& cache);

}  // namespace cairn::source
