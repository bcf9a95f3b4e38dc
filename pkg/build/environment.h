#pragma once

#include <string>
#include <vector>

#include "pkg/build/context.h"
#include "pkg/build/plan.h"

/// What a recipe sees: its tools, its environment and its script. recipes/README.md describes it for people.
namespace cairn::build {

/// Host commands beyond the base set: those the recipe declares and those its template uses.
std::vector<std::string> all_tools(const recipe::Recipe& recipe);
/// Debian packages whose development files come back: those declared and, for host programs, the C library's.
std::vector<std::string> all_debian(const recipe::Recipe& recipe);

/// "x86_64-unknown-linux-musl", or this machine's own for a host recipe.
std::string target_triple(const PlanNode& node);

/// Where a recipe with the parameter `module_certificate` finds it.
inline constexpr const char* module_certificate_path = "/keys/module.pem";

/// The complete environment inside. `jobs` is for tools that do not know make's job server.
std::vector<std::string> make_environment(const PlanNode& node, const BuildContext& context, unsigned jobs,
                                          const std::string& makeflags);

/// The bash script that runs inside: the template's steps, the recipe's own, the tidying of the staged tree.
std::string make_script(const PlanNode& node);

}  // namespace cairn::build
