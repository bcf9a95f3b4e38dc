#include "pkg/build/plan.h"

#include <algorithm>
#include <format>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::build {
namespace {

namespace fs = std::filesystem;

class Planner {
  public:
    Planner(const fs::path& recipes, recipe::Architecture architecture)
        : recipes_(recipes), architecture_(architecture) {}

    void add(const std::string& name) {
        if (plan_.nodes.contains(name)) return;
        if (const auto at = std::ranges::find(path_, name); at != path_.end()) fail_cycle(at, name);
        recipe::Recipe recipe = read(name);
        check_architecture(recipe);
        PlanNode node{.recipe = std::move(recipe),
                      .architecture = architecture_,
                      .needs = {},
                      .sysroot = {},
                      .host_tools = {}};
        node.needs = needs_of(node.recipe);
        path_.push_back(name);
        for (const std::string& need : node.needs) add(need);
        path_.pop_back();
        collect_visible(node);
        plan_.nodes.emplace(name, std::move(node));
        plan_.order.push_back(name);
    }

    BuildPlan take() { return std::move(plan_); }

  private:
    recipe::Recipe read(const std::string& name) const {
        if (path_.empty()) return recipe::read_recipe(recipes_, name);
        return with_context(std::format("following the needs of recipe '{}'", path_.back()),
                            [&] { return recipe::read_recipe(recipes_, name); });
    }

    static std::vector<std::string> needs_of(const recipe::Recipe& recipe) {
        std::set<std::string> needs(recipe.build.needs.begin(), recipe.build.needs.end());
        if (!recipe.build.host && recipe.build.runtime)
            needs.insert(default_runtime().begin(), default_runtime().end());
        return {needs.begin(), needs.end()};
    }

    [[noreturn]] void fail_cycle(std::vector<std::string>::const_iterator from,
                                 const std::string& name) const {
        std::vector<std::string> cycle(from, path_.end());
        cycle.push_back(name);
        throw UsageError(std::format("recipes need each other in a circle: {}", join(cycle, " -> ")))
            .hint("remove one of these from \"needs\"");
    }

    void check_architecture(const recipe::Recipe& recipe) const {
        const auto& allowed = recipe.build.architectures;
        if (recipe.build.host || allowed.empty() || std::ranges::contains(allowed, architecture_)) return;
        throw UsageError(
            std::format("recipe '{}' is not for {}", recipe.name, recipe::to_string(architecture_)));
    }

    void collect_visible(PlanNode& node) const {
        std::set<std::string> sysroot;
        std::set<std::string> host_tools;
        for (const std::string& name : node.needs) {
            const PlanNode& need = plan_.nodes.at(name);
            if (node.recipe.build.host && !need.recipe.build.host)
                throw UsageError(std::format("host recipe '{}' needs '{}', which is built for the target",
                                             node.recipe.name, name));
            if (need.recipe.build.host) {
                host_tools.insert(name);
                host_tools.insert(need.host_tools.begin(), need.host_tools.end());
            } else {
                sysroot.insert(name);
                sysroot.insert(need.sysroot.begin(), need.sysroot.end());
            }
        }
        node.sysroot.assign(sysroot.begin(), sysroot.end());
        node.host_tools.assign(host_tools.begin(), host_tools.end());
    }

    const fs::path& recipes_;
    recipe::Architecture architecture_;
    BuildPlan plan_;
    std::vector<std::string> path_;  // from a wanted recipe down to the one being added
};

}  // namespace

const std::vector<std::string>& default_runtime() {
    static const std::vector<std::string> names{"compiler-rt", "linux-headers", "musl"};
    return names;
}

BuildPlan plan_builds(const fs::path& recipes, const std::vector<std::string>& wanted,
                      recipe::Architecture architecture) {
    Planner planner(recipes, architecture);
    for (const std::string& name : wanted) planner.add(name);
    return planner.take();
}

}  // namespace cairn::build
