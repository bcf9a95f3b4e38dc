#include "cli/host/package_solve.h"

#include <memory>
#include <print>
#include <variant>

#include "cli/term/exit_code.h"
#include "pkg/base/files.h"
#include "pkg/solve/case_file.h"
#include "pkg/solve/choose.h"

namespace cairn::host {
namespace {

int solve_file(const std::string& file) {
    const solve::Case what = solve::parse_case(read_file(file), file);
    const solve::Choice choice = solve::choose_packages(what.universe, what.job);
    if (const auto* explanation = std::get_if<solve::Explanation>(&choice))
        throw solve::to_error(*explanation);
    const auto& solution = std::get<solve::Solution>(choice);
    for (const solve::Step& step : solution.steps) std::println("{}", solve::describe(what.universe, step));
    for (const solve::Kept& kept : solution.kept) std::println("{}", solve::describe(what.universe, kept));
    if (solution.steps.empty()) std::println("nothing to do");
    return term::success;
}

}  // namespace

void add_package_solve_command(term::Command& group) {
    const auto file = std::make_shared<std::string>();
    term::Command& command =
        group.add_command("solve", "Say what a job would do to a root, both written as text");
    command.add_required("file", *file, "packages and a job; pkg/solve/README.md says how they are written",
                         term::Completion::file);
    command.set_example("cairn package solve upgrade.txt");
    command.set_action([file] { return solve_file(*file); });
}

}  // namespace cairn::host
