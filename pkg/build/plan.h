#pragma once

#include <map>
#include <string>
#include <vector>

#include "pkg/recipe/recipe.h"

/// Which recipes must be built, and after which others. Pure: reads recipes, builds nothing.
namespace cairn::build {

/// One recipe for one architecture. A host recipe is the same for every target.
struct PlanNode {
    recipe::Recipe recipe;
    recipe::Architecture architecture;
    /// Recipes that must be built before: its own needs and, for target recipes, the default runtime. Sorted.
    std::vector<std::string> needs;
    /// All recipes whose output it sees: its needs and theirs, host recipes apart. Sorted.
    std::vector<std::string> sysroot;
    /// Host recipes among its needs and what they need in turn.
    std::vector<std::string> host_tools;
};

/// Nodes by recipe name, and an order in which each comes after its needs.
struct BuildPlan {
    std::map<std::string, PlanNode> nodes;
    std::vector<std::string> order;
};

/// What every target recipe needs unless it says `runtime = false`.
const std::vector<std::string>& default_runtime();

/// Follows needs from `wanted`. Throws UsageError for a recipe that is not there (with who needs it), a cycle
/// (shown as a path), a recipe that is not for this architecture, a host recipe that needs a target one.
BuildPlan plan_builds(const std::filesystem::path& recipes, const std::vector<std::string>& wanted,
                      recipe::Architecture architecture);

}  // namespace cairn::build
