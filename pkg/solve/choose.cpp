#include "pkg/solve/choose.h"

#include <algorithm>
#include <array>
#include <set>

#include "pkg/solve/catalogue.h"
#include "pkg/solve/explain.h"
#include "pkg/solve/sat.h"
#include "pkg/solve/steps.h"
#include "pkg/solve/wishes.h"

namespace cairn::solve {
namespace {

/// How often libsolv is asked again for something better.
constexpr int try_limit = 64;

/// What a way costs; less is better, the first that differs decides.
using Cost = std::array<std::size_t, 3>;  // gone or lowered, given by other names, new

/// True when the root gets a package that only gives what is asked for, though one of that name could be had.
bool is_given_by_other_name(const Catalogue& catalogue, const package::Relation& relation,
                            const std::set<std::size_t>& installed) {
    const auto has_name = [&](std::size_t entry) {
        return catalogue.entries()[entry].identity->name == relation.name;
    };
    const std::vector<std::size_t> givers = catalogue.find(relation);
    return std::ranges::any_of(givers, has_name) && std::ranges::none_of(givers, [&](std::size_t giver) {
               return installed.contains(giver) &&
                      (has_name(giver) || catalogue.entries()[giver].is_installed);
           });
}

Cost cost_of(const Catalogue& catalogue, const Answer& answer) {
    const std::set<std::size_t> installed(answer.installed.begin(), answer.installed.end());
    Cost cost = {};
    for (const Step& step : make_solution(catalogue, answer.installed).steps)
        if (step.kind != Step::Kind::install && step.kind != Step::Kind::upgrade) ++cost[0];
    for (const std::size_t index : installed) {
        const Catalogue::Entry& entry = catalogue.entries()[index];
        if (entry.is_installed) continue;
        if (!catalogue.find_installed(entry.identity->name)) ++cost[2];
        for (const package::Relation& relation : entry.depends)
            if (is_given_by_other_name(catalogue, relation, installed)) ++cost[1];
    }
    return cost;
}

/// libsolv decides one choice after the other and does not come back to one that worked. So each choice of a
/// solution is tried otherwise, and what costs less is kept, until nothing gets better.
Answer improve(const Catalogue& catalogue, const SatPool& pool, std::vector<Wish> wishes, Answer best) {
    Cost lowest = cost_of(catalogue, best);
    auto find_better = [&, tries = 0]() mutable {
        const auto choices = best.choices;
        for (const std::vector<std::size_t>& choice : choices)
            for (const std::size_t other : choice) {
                if (std::ranges::binary_search(best.installed, other)) continue;
                if (tries++ == try_limit) return false;
                wishes.push_back({Wish::Kind::favour, catalogue.entries()[other].identity->name, {other}});
                Answer answer = ask(pool, wishes);
                const Cost cost = cost_of(catalogue, answer);
                if (answer.is_solved && cost < lowest) {
                    lowest = cost;
                    best = std::move(answer);
                    return true;
                }
                wishes.pop_back();
            }
        return false;
    };
    while (find_better()) continue;
    return best;
}

}  // namespace

Choice choose_packages(const Universe& universe, const Job& job) {
    const Catalogue catalogue(universe);
    const auto planned = plan_wishes(catalogue, job);
    if (const auto* refusal = std::get_if<Explanation>(&planned)) return *refusal;
    const auto& wishes = std::get<std::vector<Wish>>(planned);
    const SatPool pool(catalogue);
    const Answer answer = ask(pool, wishes);
    if (!answer.is_solved) return explain(catalogue, job, wishes, answer);
    return make_solution(catalogue, improve(catalogue, pool, wishes, answer).installed);
}

}  // namespace cairn::solve
