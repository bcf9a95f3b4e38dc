#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/crypto/hash.h"
#include "pkg/recipe/recipe.h"
#include "pkg/source/environment.h"

/// The main line's second step: a recipe's sources, hash-checked and unpacked.
namespace cairn::source {

/// The unpacked sources of one recipe. They lie in the cache, are shared with other recipes and must only be
/// read.
struct SourceTree {
    struct Part {
        std::string name;                 // its directory below /source
        std::filesystem::path directory;  // with `unpack = false`: holds just the file, under its own name
        crypto::Hash key;                 // names the content, see SourcePlan
    };
    std::vector<Part> parts;  // in the recipe's order
};

/// Fetches what is not in the cache, checks every byte against the recipe, unpacks, patches. A tree that is
/// already there is looked over and used; one that was damaged is made again. Two runs at once make each tree
/// once.
///
/// Throws VerifyError, NetworkError, UsageError, Error as house style says; what was fetched until then is
/// kept.
SourceTree fetch_source(const recipe::Recipe& recipe, Environment& environment);

}  // namespace cairn::source
