#include <algorithm>
#include <set>

#include "pkg/package/dependencies.h"
#include "pkg/package/relation.h"
#include "pkg/solve/case_file.h"
#include "pkg/solve/choose.h"
#include "tests/fuzz/fuzz.h"

/// Input: a universe and a job as text (pkg/solve/README.md).
using namespace cairn;
using namespace cairn::fuzz;

namespace {

using package::Identity;

/// More take longer, and show nothing else.
constexpr std::size_t package_limit = 40;
constexpr std::size_t relation_limit = 200;

using Labels = std::set<std::string>;

std::string name_of(const solve::Candidate& candidate) {
    return solve::label(candidate.identity) + " " + candidate.identity.architecture;
}

std::size_t count_relations(const solve::Universe& universe) {
    std::size_t count = 0;
    for (const solve::Candidate& candidate : universe.candidates)
        for (const auto* const list : {&candidate.identity.depends, &candidate.identity.provides,
                                       &candidate.identity.conflicts, &candidate.identity.replaces})
            count += list->size();
    return count;
}

bool excludes(const Identity& package, const Identity& other) {
    const auto replaces = [&](const std::string& text) {
        return package::is_fulfilled(package::parse_relation(text), other.name, other.version);
    };
    const auto conflicts = [&](const std::string& text) { return package::fulfils(other, text); };
    return package.name == other.name || std::ranges::any_of(package.replaces, replaces) ||
           std::ranges::any_of(package.conflicts, conflicts);
}

/// The root that a solution leads to.
class After {
  public:
    After(const solve::Universe& universe, const solve::Solution& solution)
        : universe_(universe), solution_(solution) {
        for (const std::size_t index : solution.installed)
            require(index < universe.candidates.size(), "what is installed is one of the candidates");
    }

    void check(const solve::Job& job) const {
        check_steps();
        for (const std::size_t index : solution_.installed) check_newcomer(index);
        for (const solve::Kept& kept : solution_.kept)
            require(std::ranges::contains(solution_.installed, kept.package) &&
                        !solve::describe(universe_, kept).empty(),
                    "what is kept stays, and can be told");
        for (const std::string& relation : job.install)
            require(has([&](const Identity& one) { return package::fulfils(one, relation); }),
                    "what was asked for is there");
        for (const std::string& name : job.remove)
            require(!has([&](const Identity& one) { return one.name == name; }),
                    "what was to be removed is gone");
    }

    Labels labels() const {
        Labels labels;
        for (const std::size_t index : solution_.installed) labels.insert(name_of(at(index)));
        return labels;
    }

  private:
    const solve::Candidate& at(std::size_t index) const { return universe_.candidates[index]; }

    bool has(auto matches) const {
        return std::ranges::any_of(solution_.installed,
                                   [&](std::size_t index) { return matches(at(index).identity); });
    }

    void check_steps() const {
        Labels root;
        for (const solve::Candidate& candidate : universe_.candidates)
            if (candidate.is_installed) root.insert(name_of(candidate));
        for (const solve::Step& step : solution_.steps)
            if (step.before) require(root.erase(name_of(at(*step.before))) == 1, "only what is there goes");
        for (const solve::Step& step : solution_.steps) {
            if (step.after) root.insert(name_of(at(*step.after)));
            require(!solve::describe(universe_, step).empty(), "every step can be told");
        }
        require(root == labels(), "the steps lead to what is promised");
    }

    /// What was broken before may stay so; what comes must be whole.
    void check_newcomer(std::size_t index) const {
        if (at(index).is_installed) return;
        const Identity& newcomer = at(index).identity;
        for (const std::string& relation : newcomer.depends)
            require(has([&](const Identity& one) { return package::fulfils(one, relation); }),
                    "what comes has what it needs");
        for (const std::size_t other : solution_.installed)
            require(other == index ||
                        (!excludes(newcomer, at(other).identity) && !excludes(at(other).identity, newcomer)),
                    "what comes is at odds with nothing");
    }

    const solve::Universe& universe_;
    const solve::Solution& solution_;
};

}  // namespace

FUZZ_TARGET(input) {
    auto found = find_accepted<UsageError>([&] { return solve::parse_case(text_of(input), "case"); });
    if (!found || found->universe.candidates.size() > package_limit ||
        count_relations(found->universe) > relation_limit)
        return;
    const auto choice = find_accepted([&] { return solve::choose_packages(found->universe, found->job); });
    if (!choice) return;
    solve::Case reversed = *found;
    std::ranges::reverse(reversed.universe.candidates);
    std::ranges::reverse(reversed.job.install);
    const auto again = find_accepted([&] { return solve::choose_packages(reversed.universe, reversed.job); });
    require(again && again->index() == choice->index(), "the order of what is given means nothing");

    if (const auto* const explanation = std::get_if<solve::Explanation>(&*choice)) {
        require(!explanation->summary.empty() && !explanation->reasons.empty(), "a refusal has a reason");
        require(std::get<solve::Explanation>(*again) == *explanation, "nor does it for the explanation");
        require(!solve::to_error(*explanation).report().empty(), "an explanation can be shown");
        return;
    }
    const After after(found->universe, std::get<solve::Solution>(*choice));
    after.check(found->job);
    require(After(reversed.universe, std::get<solve::Solution>(*again)).labels() == after.labels(),
            "nor does it for the solution");
}
