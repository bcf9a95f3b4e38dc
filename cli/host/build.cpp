#include <chrono>
#include <format>
#include <memory>
#include <print>

#include "cli/host/host.h"
#include "cli/host/session.h"
#include "cli/term/exit_code.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/build/plan.h"

namespace cairn::host {
namespace {

struct Options {
    BuildOptions build;
    std::vector<std::string> recipes;
    std::vector<std::string> driver_groups;
    bool is_json = false;
};

Json to_json(const build::StagedTree& tree) {
    return {
        {"recipe", tree.recipe.name}, {"version", tree.recipe.version}, {"architecture", tree.architecture},
        {"key", tree.key.to_hex()},   {"output", tree.output.to_hex()}, {"stage", tree.stage.string()},
        {"size", tree.size},          {"built", tree.was_built}};
}

int build_recipes(Host& host, const Options& options) {
    Session session(host, options.build);
    Json results = Json::array();
    for (const recipe::Architecture architecture : parse_architectures(options.build.architecture)) {
        const build::BuildPlan plan = build::plan_builds(host.recipes(), options.recipes, architecture);
        build::BuildContext context = session.make_context(architecture, options.driver_groups);
        const auto staged = session.build(plan, context);
        for (const std::string& name : options.recipes) {
            const build::StagedTree& tree = staged.at(name);
            if (options.is_json) {
                results.push_back(to_json(tree));
            } else {
                std::println("{} {} for {}: {}, {}", name, tree.recipe.version, tree.architecture,
                             format_bytes(tree.size), tree.stage.string());
            }
        }
    }
    if (options.is_json) std::print("{}", format_json(results));
    if (session.did_something()) session.print_summary();
    return term::success;
}

}  // namespace

void add_build_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& command = root.add_command("build", "Build recipes and what they need");
    command.add_required("recipe", options->recipes, "recipes to build", term::Completion::recipe);
    add_build_options(command, options->build);
    command.add_option("--drivers", options->driver_groups,
                       "driver group to compile into the kernel's packages (may be repeated)");
    command.add_flag("--json", options->is_json, "print the results as JSON");
    command.set_example("cairn build zlib curl --arch aarch64");
    command.set_action([&host, options] { return build_recipes(host, *options); });
}

}  // namespace cairn::host
