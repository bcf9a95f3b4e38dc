#include <memory>

#include "cli/host/driver_groups.h"
#include "cli/host/host.h"
#include "cli/host/session.h"
#include "pkg/build/build_recipe.h"
#include "pkg/build/plan.h"

namespace cairn::host {
namespace {

struct Options {
    BuildOptions build;
    std::string recipe;
    std::string image = "base";
};

int run_shell(Host& host, const Options& options) {
    Session session(host, options.build);
    const recipe::Architecture architecture = parse_architectures(options.build.architecture).front();
    build::BuildPlan plan = build::plan_builds(host.recipes(), {options.recipe}, architecture);
    build::BuildContext context =
        session.make_context(architecture, driver_groups_of(host, {options.image}, architecture));
    const build::PlanNode node = plan.nodes.at(options.recipe);
    // What the recipe sees must be there; the recipe itself need not build.
    plan.nodes.erase(options.recipe);
    std::erase(plan.order, options.recipe);
    return build::open_shell(node, build::outputs_of(session.build(plan, context)), context);
}

}  // namespace

void add_shell_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& command =
        root.add_command("shell", "Open a shell in a recipe's sandbox, as its last failed build left it");
    command.add_required("recipe", options->recipe, "recipe", term::Completion::recipe);
    command.add_option("--arch", options->build.architecture, "x86_64 or aarch64",
                       term::Completion::architecture);
    command.add_option("--image", options->image, "image whose driver groups the kernel gets",
                       term::Completion::image);
    command.set_example("cairn shell busybox");
    command.set_action([&host, options] { return run_shell(host, *options); });
}

}  // namespace cairn::host
