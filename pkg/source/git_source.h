#pragma once

#include <filesystem>

#include "pkg/base/dir.h"
#include "pkg/recipe/recipe.h"
#include "pkg/source/environment.h"

namespace cairn::source {

/// Unpacks the files of a `git` source's commit into `tree`, byte for byte as they were committed: no
/// attribute and no setting of the user changes them. The repository is kept in `cache`/git and asked again
/// only for a commit it lacks. Submodules are left out. Throws NetworkError, or VerifyError when the
/// repository has no such commit.
void unpack_git_commit(const recipe::SourceSpec& spec, const Dir& tree, Environment& environment);

}  // namespace cairn::source
