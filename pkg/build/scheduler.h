#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/build/build_recipe.h"
#include "pkg/build/context.h"
#include "pkg/build/plan.h"

namespace cairn::build {

/// Builds everything of a plan, several recipes at once under the context's job budget, each after its needs,
/// those that start the longest chains first. A failure ends the run after what already builds, unless
/// `keep_going`: then everything that does not need the failed recipe is built first. Throws the first
/// failure.
std::map<std::string, StagedTree> build_all(const BuildPlan& plan, BuildContext& context, bool keep_going);

/// The staged trees of a plan if the store has all of them, without taking any lock: for a run with nothing
/// to do.
std::optional<std::map<std::string, StagedTree>> find_all_staged(const BuildPlan& plan,
                                                                 BuildContext& context);

/// How long what is not in the store should take, from earlier builds; empty when some were never built.
std::optional<std::chrono::milliseconds> estimate_rest(const BuildPlan& plan, BuildContext& context);

/// The outputs of everything in `plan` that `node` sees. For `explain` and `shell`.
std::map<std::string, crypto::Hash> outputs_of(const std::map<std::string, StagedTree>& staged);

}  // namespace cairn::build
