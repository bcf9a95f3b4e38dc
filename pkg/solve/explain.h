#pragma once

#include <span>
#include <string>

#include "pkg/solve/catalogue.h"
#include "pkg/solve/choose.h"
#include "pkg/solve/sat.h"

namespace cairn::solve {

/// "cannot install editor and remove zlib".
std::string summarize(const Job& job);

/// Puts an answer without a solution into words.
Explanation explain(const Catalogue& catalogue, const Job& job, std::span<const Wish> wishes,
                    const Answer& answer);

}  // namespace cairn::solve
