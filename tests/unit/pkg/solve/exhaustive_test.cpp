// Small made-up roots, for which every possible outcome is tried: what is chosen must hold, what is refused
// must be impossible, and hardly anything that holds may be cheaper.
#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <random>
#include <ranges>
#include <set>

#include "pkg/base/version_order.h"
#include "pkg/package/dependencies.h"
#include "pkg/package/relation.h"
#include "pkg/solve/choose.h"

namespace cairn::solve {
namespace {

using package::fulfils;
using package::Identity;
using Outcome = std::set<std::size_t>;  // what is installed in the end

bool replaces(const Identity& package, const Identity& other) {
    return std::ranges::any_of(package.replaces, [&](const std::string& text) {
        return package::is_fulfilled(package::parse_relation(text), other.name, other.version);
    });
}

bool exclude_each_other(const Identity& package, const Identity& other) {
    return package.name == other.name || replaces(package, other) ||
           std::ranges::any_of(package.conflicts,
                               [&](const std::string& conflict) { return fulfils(other, conflict); });
}

/// A root and a job, and what may become of them by the words of universe.h and choose.h.
struct Puzzle {
    Universe universe;
    Job job;

    const Identity& at(std::size_t index) const { return universe.candidates[index].identity; }

    bool is_consistent(const Outcome& outcome) const {
        for (const std::size_t one : outcome) {
            for (const std::size_t other : outcome)
                if (one != other && exclude_each_other(at(one), at(other))) return false;
            for (const std::string& relation : at(one).depends)
                if (std::ranges::none_of(outcome,
                                         [&](std::size_t other) { return fulfils(at(other), relation); }))
                    return false;
        }
        return true;
    }

    /// A version is asked for that the installed package has not.
    bool is_wanted_lower(const Identity& installed, const Identity& next) const {
        return std::ranges::any_of(job.install, [&](const std::string& text) {
            return package::parse_relation(text).name == next.name && fulfils(next, text) &&
                   !fulfils(installed, text);
        });
    }

    /// What is installed stays or is followed by something that may follow it.
    bool is_followed(std::size_t installed, const Outcome& outcome) const {
        if (std::ranges::contains(job.remove, at(installed).name)) return true;
        return std::ranges::any_of(outcome, [&](std::size_t index) {
            const Identity& next = at(index);
            if (next.name != at(installed).name) return replaces(next, at(installed));
            return compare_versions(next.version, at(installed).version) >= 0 ||
                   is_wanted_lower(at(installed), next);
        });
    }

    bool is_what_was_asked(const Outcome& outcome) const {
        const auto has = [&](auto matches) {
            return std::ranges::any_of(outcome, [&](std::size_t index) { return matches(at(index)); });
        };
        for (const std::string& relation : job.install) {
            const std::string name = package::parse_relation(relation).name;
            const bool has_name = std::ranges::any_of(universe.candidates, [&](const Candidate& candidate) {
                return candidate.identity.name == name && fulfils(candidate.identity, relation);
            });
            if (!has([&](const Identity& package) {
                    return fulfils(package, relation) && (!has_name || package.name == name);
                }))
                return false;
        }
        for (const std::string& name : job.remove)
            if (has([&](const Identity& package) { return package.name == name; })) return false;
        for (std::size_t i = 0; i < universe.candidates.size(); ++i)
            if (std::ranges::contains(job.hold, at(i).name) &&
                outcome.contains(i) != universe.candidates[i].is_installed)
                return false;
        return true;
    }

    bool holds(const Outcome& outcome) const {
        for (std::size_t i = 0; i < universe.candidates.size(); ++i)
            if (universe.candidates[i].is_installed && !is_followed(i, outcome)) return false;
        return is_consistent(outcome) && is_what_was_asked(outcome);
    }

    /// Installed packages that go or become older, and new names.
    std::array<std::size_t, 2> cost(const Outcome& outcome) const {
        std::array<std::size_t, 2> cost = {};
        const auto is_there = [&](auto&& indices, const std::string& name) {
            return std::ranges::any_of(indices, [&](std::size_t index) { return at(index).name == name; });
        };
        Outcome before;
        for (std::size_t i = 0; i < universe.candidates.size(); ++i)
            if (universe.candidates[i].is_installed) before.insert(i);
        for (const std::size_t index : before) {
            const auto next = std::ranges::find_if(
                outcome, [&](std::size_t other) { return at(other).name == at(index).name; });
            cost[0] += next == outcome.end() || compare_versions(at(*next).version, at(index).version) < 0;
        }
        for (const std::size_t index : outcome) cost[1] += !is_there(before, at(index).name);
        return cost;
    }

    std::vector<Outcome> all_that_hold() const {
        std::vector<Outcome> found;
        for (std::size_t bits = 0; bits < std::size_t{1} << universe.candidates.size(); ++bits) {
            Outcome outcome;
            for (std::size_t i = 0; i < universe.candidates.size(); ++i)
                if ((bits >> i & 1) != 0) outcome.insert(i);
            if (holds(outcome)) found.push_back(outcome);
        }
        return found;
    }
};

class Maker {
  public:
    explicit Maker(unsigned seed) : random_(seed) {}

    Puzzle make() {
        Puzzle puzzle;
        puzzle.universe.architecture = "x86_64";
        std::set<std::pair<std::string, std::string>> taken;
        while (puzzle.universe.candidates.size() < 9) {
            Identity identity{.name = name(), .version = version(), .architecture = "any"};
            if (!taken.emplace(identity.name, identity.version).second) continue;
            fill(identity.depends, 2, [&] { return relation(); });
            fill(identity.provides, 3, [&] { return one_in(2) ? thing() : thing() + " = " + version(); });
            fill(identity.conflicts, 4, [&] { return relation(); });
            fill(identity.replaces, 5, [&] { return relation(); });
            puzzle.universe.candidates.push_back({.identity = identity});
        }
        install_some(puzzle);
        ask(puzzle);
        return puzzle;
    }

  private:
    bool one_in(unsigned n) { return random_() % n == 0; }
    std::string name() { return std::string(1, "abcde"[random_() % 5]); }
    std::string version() { return std::to_string(1 + random_() % 3); }
    std::string thing() { return one_in(3) ? name() : std::string(1, "vw"[random_() % 2]); }
    std::string relation() {
        constexpr std::array<const char*, 5> operators = {" = ", " < ", " <= ", " > ", " >= "};
        return one_in(2) ? thing() : thing() + operators.at(random_() % 5) + version();
    }
    template <class Make>
    void fill(std::vector<std::string>& list, unsigned rarity, Make make) {
        for (int i = 0; i < 2; ++i)
            if (one_in(rarity)) list.push_back(make());
        std::ranges::sort(list);
        list.erase(std::ranges::unique(list).begin(), list.end());
    }

    void install_some(Puzzle& puzzle) {
        for (int attempt = 0; attempt < 20; ++attempt) {
            Outcome outcome;
            for (std::size_t i = 0; i < puzzle.universe.candidates.size(); ++i)
                if (one_in(3)) outcome.insert(i);
            if (!puzzle.is_consistent(outcome)) continue;
            for (const std::size_t index : outcome) puzzle.universe.candidates[index].is_installed = true;
            return;
        }
    }

    void ask(Puzzle& puzzle) {
        for (int i = 0; i < 2; ++i)
            if (one_in(2)) puzzle.job.install.push_back(relation());
        for (const Candidate& candidate : puzzle.universe.candidates) {
            if (candidate.is_installed && one_in(5)) puzzle.job.remove.push_back(candidate.identity.name);
            if (candidate.is_installed && one_in(6)) puzzle.job.hold.push_back(candidate.identity.name);
        }
        puzzle.job.upgrades_all = one_in(4);
    }

    std::mt19937 random_;
};

std::string describe(const Puzzle& puzzle) {
    std::string text;
    const auto list = [&](std::string_view word, const std::vector<std::string>& relations) {
        for (const std::string& relation : relations) text += std::string(word) + " " + relation + "\n";
    };
    for (const Candidate& candidate : puzzle.universe.candidates) {
        const Identity& identity = candidate.identity;
        text += (candidate.is_installed ? "installed " : "available ") + label(identity) + " any\n";
        list("  depends", identity.depends);
        list("  provides", identity.provides);
        list("  conflicts", identity.conflicts);
        list("  replaces", identity.replaces);
    }
    list("install", puzzle.job.install);
    list("remove", puzzle.job.remove);
    list("hold", puzzle.job.hold);
    return text + (puzzle.job.upgrades_all ? "upgrade *\n" : "");
}

TEST(ChoosePackages, DoesWhatHoldsAndRefusesOnlyWhatCannotBe) {
    std::size_t solved = 0, refused = 0, dearer = 0;
    for (unsigned seed = 0; seed < 3000; ++seed) {
        const Puzzle puzzle = Maker(seed).make();
        const Choice choice = choose_packages(puzzle.universe, puzzle.job);
        const std::vector<Outcome> possible = puzzle.all_that_hold();
        if (const auto* solution = std::get_if<Solution>(&choice)) {
            const Outcome outcome(solution->installed.begin(), solution->installed.end());
            ASSERT_TRUE(puzzle.holds(outcome)) << seed << "\n" << describe(puzzle);
            ++solved;
            const auto cost = [&](const Outcome& other) { return puzzle.cost(other); };
            dearer += !puzzle.job.upgrades_all &&
                      cost(outcome) > std::ranges::min(possible | std::views::transform(cost));
        } else {
            ASSERT_TRUE(possible.empty())
                << seed << "\n"
                << describe(puzzle) << to_error(std::get<Explanation>(choice)).report();
            ++refused;
        }
    }
    EXPECT_GT(solved, 1000);
    EXPECT_GT(refused, 1000);
    EXPECT_LT(dearer, solved / 50) << "what is preferred is not always found, but nearly so";
}

}  // namespace
}  // namespace cairn::solve
