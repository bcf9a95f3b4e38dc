#pragma once

#include <span>
#include <string>
#include <vector>

#include "pkg/solve/sat_pool.h"

namespace cairn::solve {

/// One thing that is asked for, in terms of a catalogue's entries.
struct Wish {
    enum class Kind { install, remove, upgrade, upgrade_all, hold, favour };
    Kind kind;
    std::string text;                  // as it was asked for: a relation or a name
    std::vector<std::size_t> entries;  // one of these (install), each of these (favour)
    bool names_version = false;  // install: exactly this is wanted, even if lower than what is installed
};

/// One rule that has a part in why there is no solution.
struct Reason {
    enum class Kind {
        asked,      // `wish`
        stays,      // `from` is installed
        missing,    // `from` needs `relation`, which nothing fulfils
        needs,      // `from` needs `relation`, which only `others` fulfil
        conflicts,  // `from` conflicts with `relation`, which others[0] is
        replaces,   // `from` replaces `relation`, which others[0] is
        one_of      // `from` and others[0] have one name
    };
    Kind kind;
    std::size_t wish = 0;
    std::size_t from = 0;
    std::vector<std::size_t> others;
    std::string relation;
};

/// One thing that could be given up so that the rest becomes possible.
struct Concession {
    enum class Kind { drop_wish, remove, exchange };
    Kind kind;
    std::size_t wish = 0;
    std::size_t entry = 0;  // the installed one
    std::size_t other = 0;  // exchange: what comes instead
};

struct Answer {
    bool is_solved = false;
    // When solved:
    std::vector<std::size_t> installed;             // entries that are installed in the end, sorted
    std::vector<std::vector<std::size_t>> choices;  // entries of which any one would have done
    // When not:
    std::vector<Reason> reasons;
    std::vector<std::vector<Concession>> ways_out;  // each is a way
};

/// Asks libsolv. The same pool and wishes give the same answer.
Answer ask(const SatPool& pool, std::span<const Wish> wishes);

}  // namespace cairn::solve
