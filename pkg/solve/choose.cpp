#include "pkg/solve/choose.h"

#include <algorithm>
#include <array>
#include <set>

#include "pkg/base/version_order.h"
#include "pkg/solve/catalogue.h"
#include "pkg/solve/explain.h"
#include "pkg/solve/reasons.h"
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

bool is_asked_to_upgrade(const Job& job, const std::string& name) {
    return (job.upgrades_all || std::ranges::contains(job.upgrade, name)) &&
           !std::ranges::contains(job.hold, name);
}

/// Why the entry could not become a newer one: what libsolv says when that is asked for by itself.
std::vector<std::string> find_reasons(const Catalogue& catalogue, const SatPool& pool,
                                      const std::vector<Wish>& wishes,
                                      const std::vector<std::size_t>& newer) {
    std::vector<Wish> alone;
    std::ranges::copy_if(wishes, std::back_inserter(alone),
                         [](const Wish& wish) { return wish.kind == Wish::Kind::hold; });
    alone.push_back({Wish::Kind::install, catalogue.label(newer.back()), newer});
    Answer answer = ask(pool, alone);
    std::erase_if(answer.reasons, [&](const Reason& reason) {
        return reason.kind == Reason::Kind::asked && &alone[reason.wish] == &alone.back();
    });
    if (answer.reasons.empty()) return {};
    return describe_reasons(catalogue, alone, answer.reasons);
}

std::vector<Kept> find_kept(const Catalogue& catalogue, const SatPool& pool, const Job& job,
                            const std::vector<Wish>& wishes, const std::vector<std::size_t>& installed) {
    std::vector<Kept> kept;
    for (const std::size_t index : installed) {
        const Catalogue::Entry& entry = catalogue.entries()[index];
        if (!entry.is_installed || !is_asked_to_upgrade(job, entry.identity->name)) continue;
        std::vector<std::size_t> newer = catalogue.find_named(entry.identity->name);
        std::erase_if(newer, [&](std::size_t other) {
            return compare_versions(catalogue.entries()[other].identity->version, entry.identity->version) <=
                   0;
        });
        if (newer.empty()) continue;
        kept.push_back(
            {.package = entry.candidate, .newest = catalogue.entries()[newer.back()].identity->version});
        if (kept.size() <= try_limit) kept.back().reasons = find_reasons(catalogue, pool, wishes, newer);
    }
    return kept;
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
    const std::vector<std::size_t> installed = improve(catalogue, pool, wishes, answer).installed;
    Solution solution = make_solution(catalogue, installed);
    solution.kept = find_kept(catalogue, pool, job, wishes, installed);
    return solution;
}

}  // namespace cairn::solve
