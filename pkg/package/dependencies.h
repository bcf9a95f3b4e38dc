#pragma once

#include <span>
#include <string>
#include <vector>

#include "pkg/package/identity.h"

/// Which packages fulfil which relations, among packages that are at hand (no choice between versions: that
/// is pkg/solve's).
namespace cairn::package {

/// A relation of a package that nothing at hand fulfils.
struct MissingDependency {
    std::string package;
    std::string relation;
    bool operator==(const MissingDependency&) const = default;
};

/// A package fulfils a relation by its own name and version, or by an entry of its `provides`.
bool fulfils(const Identity& package, const std::string& relation);

/// All relations in `depends` that no package of the set fulfils, in order.
std::vector<MissingDependency> find_missing_dependencies(std::span<const Identity* const> packages);

/// The packages named, and those they depend on, directly or not, as indices into `available` in its order.
/// Where several fulfil a relation, a package of that name is taken, else the first in order; one that is
/// taken already comes first. Throws UsageError naming a wanted package that is not there, or a dependency
/// that nothing fulfils and who has it.
std::vector<std::size_t> close_over_dependencies(std::span<const Identity* const> available,
                                                 std::span<const std::string> wanted);

}  // namespace cairn::package
