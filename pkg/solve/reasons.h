#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/solve/catalogue.h"
#include "pkg/solve/sat.h"

namespace cairn::solve {

/// "a", "a and b", "a, b and c"; of more than five the first three, with how many there are besides.
std::string list_words(std::vector<std::string> words, std::string_view conjunction = "and");

/// Why nothing fulfils a relation: what is there instead. `asker` is "editor 2.0 needs" or "you asked for".
std::string describe_missing(const Catalogue& catalogue, std::string_view asker,
                             const package::Relation& relation);

/// A sentence for each reason, from what was asked for, along what needs what, to what is in the way. What
/// holds for several versions of a package is said once; of very many, the first.
std::vector<std::string> describe_reasons(const Catalogue& catalogue, std::span<const Wish> wishes,
                                          const std::vector<Reason>& reasons);

}  // namespace cairn::solve
