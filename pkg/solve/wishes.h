#pragma once

#include <variant>
#include <vector>

#include "pkg/solve/catalogue.h"
#include "pkg/solve/choose.h"
#include "pkg/solve/sat.h"

namespace cairn::solve {

/// What a job means among these candidates, in an order of its own; or why it means nothing: unknown names,
/// nothing of that version, removing what is not installed.
std::variant<std::vector<Wish>, Explanation> plan_wishes(const Catalogue& catalogue, const Job& job);

}  // namespace cairn::solve
