#include <format>
#include <memory>
#include <print>

#include "cli/host/driver_groups.h"
#include "cli/host/host.h"
#include "cli/host/session.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/build/plan.h"

namespace cairn::host {
namespace {

struct Options {
    BuildOptions build;
    std::string recipe;
    std::string image = "base";
    bool is_json = false;
};

/// What is known without building: the node's inputs, when everything it sees is in the store.
struct Explanation {
    std::string state;  // "up to date", "changed", "never built", "waits"
    std::vector<std::string> reasons;
};

Explanation explain(const build::BuildPlan& plan, const std::string& name, build::BuildContext& context) {
    std::map<std::string, crypto::Hash> outputs;
    for (const std::string& earlier : plan.order) {
        const build::PlanNode& node = plan.nodes.at(earlier);
        const bool is_visible =
            std::ranges::all_of(node.needs, [&](const auto& need) { return outputs.contains(need); });
        if (!is_visible) {
            if (earlier != name) continue;
            Explanation waits{.state = "needs builds first", .reasons = {}};
            for (const std::string& need : node.needs)
                if (!outputs.contains(need))
                    waits.reasons.push_back(std::format("need {} will be built again", need));
            return waits;
        }
        const build::BuildInputs inputs = build::collect_inputs(node, outputs, context);
        if (const auto staged = build::find_staged(node, inputs, context)) {
            outputs[earlier] = staged->output;
            if (earlier == name) return {.state = "up to date", .reasons = {}};
            continue;
        }
        if (earlier != name) continue;
        const auto record = context.store.find_latest(name, build::record_architecture(node));
        if (!record) return {.state = "never built", .reasons = {}};
        auto reasons = build::describe_changes(record->inputs, inputs);
        if (reasons.empty()) reasons.push_back("its output is no longer in the store");
        return {.state = "will be built again", .reasons = std::move(reasons)};
    }
    return {};
}

int run_explain(Host& host, const Options& options) {
    Session session(host, options.build);
    Json results = Json::array();
    for (const recipe::Architecture architecture : parse_architectures(options.build.architecture)) {
        const build::BuildPlan plan = build::plan_builds(host.recipes(), {options.recipe}, architecture);
        build::BuildContext context =
            session.make_context(architecture, driver_groups_of(host, {options.image}, architecture));
        const Explanation explanation = explain(plan, options.recipe, context);
        if (options.is_json) {
            results.push_back({{"recipe", options.recipe},
                               {"architecture", recipe::to_string(architecture)},
                               {"state", explanation.state},
                               {"reasons", explanation.reasons}});
            continue;
        }
        std::println("{} for {}: {}", options.recipe, recipe::to_string(architecture), explanation.state);
        for (const std::string& reason : explanation.reasons) std::println("  {}", reason);
    }
    if (options.is_json) std::print("{}", format_json(results));
    return term::success;
}

}  // namespace

void add_explain_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& command =
        root.add_command("explain", "Say whether a recipe will be built again, and which input changed");
    command.add_required("recipe", options->recipe, "recipe", term::Completion::recipe);
    command.add_option("--arch", options->build.architecture, "x86_64, aarch64 or all",
                       term::Completion::architecture);
    command.add_option("--image", options->image, "image whose driver groups count for the kernel",
                       term::Completion::image);
    command.add_flag("--json", options->is_json, "print as JSON");
    command.set_example("cairn explain linux --arch aarch64");
    command.set_action([&host, options] { return run_explain(host, *options); });
}

}  // namespace cairn::host
