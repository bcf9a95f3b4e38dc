#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/solve/universe.h"

namespace cairn::solve {

/// One package that comes, goes, or is exchanged. `before` and `after` are indices into the universe.
struct Step {
    enum class Kind {
        install,    // only `after`
        upgrade,    // `before` and `after` have one name
        downgrade,  // likewise
        remove,     // only `before`
        replace     // `before` goes because `after`, of another name, replaces it
    };
    Kind kind;
    std::optional<std::size_t> before;
    std::optional<std::size_t> after;
    bool operator==(const Step&) const = default;
};

/// An installed package that was to be upgraded and stays as it is, though there is a newer version.
struct Kept {
    std::size_t package;               // index into the universe
    std::string newest;                // version
    std::vector<std::string> reasons;  // as in Explanation; empty where there is none but a choice
    bool operator==(const Kept&) const = default;
};

/// What to do, sorted by the names of what comes or goes. A package may come in one step and be in `after` of
/// others that it replaces. Steps may be done in any order, but only all of them give a state that is whole.
struct Solution {
    std::vector<Step> steps;
    std::vector<std::size_t> installed;  // the whole root afterwards: indices into the universe, by name
    std::vector<Kept> kept;              // by name; no harm, but worth saying
    bool operator==(const Solution&) const = default;
};

/// Why it cannot be done, in sentences without a full stop.
struct Explanation {
    std::string summary;                   // "cannot install editor"
    std::vector<std::string> reasons;      // from what was asked for to what is in the way
    std::vector<std::string> suggestions;  // each alone would help
    bool has_dependents = false;           // Job::removes_dependents would help
    bool operator==(const Explanation&) const = default;
};

using Choice = std::variant<Solution, Explanation>;

/// Finds what to do so that everything asked for holds, what every package depends on is there, and nothing
/// conflicts; gives an Explanation only if there is no such way. What is installed goes only if that is asked
/// for or something that comes replaces it, and its version gets lower only if a version is asked for that it
/// has not. Among several ways it prefers, in this order, the one that
///
///   - takes away the fewest installed packages that nobody asked to remove, and lowers the fewest versions;
///   - upgrades only what was asked for or has to be;
///   - takes a package of the very name before another that provides it;
///   - brings few new packages, of the newest versions.
///
/// It looks for better ways a bounded number of times: a preference, not a promise.
///
/// The same universe and job in any order give the same answer. Throws VerifyError for candidates that are
/// not valid (see Catalogue), UsageError for a job with something that is no relation or name.
Choice choose_packages(const Universe& universe, const Job& job);

/// "upgrade editor 1.0 -> 2.0", for people.
std::string describe(const Universe& universe, const Step& step);

/// "libui 1 stays, though 2 is available: editor 1, which is installed, needs libui < 2".
std::string describe(const Universe& universe, const Kept& kept);

/// The explanation as the error it is when a person asked: reasons below the message, suggestions as hint.
Error to_error(const Explanation& explanation);

}  // namespace cairn::solve
