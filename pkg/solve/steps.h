#pragma once

#include <span>

#include "pkg/solve/catalogue.h"
#include "pkg/solve/choose.h"

namespace cairn::solve {

/// The difference between what is installed and what is to be, both as entries of the catalogue.
Solution make_solution(const Catalogue& catalogue, std::span<const std::size_t> installed_after);

}  // namespace cairn::solve
