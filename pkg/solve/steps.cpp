#include "pkg/solve/steps.h"

#include <algorithm>
#include <format>
#include <map>

#include "pkg/base/version_order.h"

namespace cairn::solve {
namespace {

using Entry = Catalogue::Entry;

/// The coming package that replaces what goes, the first by name, or null.
const Entry* find_replacement(const std::vector<const Entry*>& coming, const Entry& gone) {
    for (const Entry* entry : coming)
        for (const package::Relation& relation : entry->replaces)
            if (package::is_fulfilled(relation, gone.identity->name, gone.identity->version)) return entry;
    return nullptr;
}

Step::Kind kind_of(const Entry& before, const Entry& after) {
    return compare_versions(after.identity->version, before.identity->version) < 0 ? Step::Kind::downgrade
                                                                                   : Step::Kind::upgrade;
}

std::string with_origin(const Candidate& candidate) {
    const std::string text = label(candidate.identity);
    return candidate.origin.empty() ? text : std::format("{} from {}", text, candidate.origin);
}

}  // namespace

Solution make_solution(const Catalogue& catalogue, std::span<const std::size_t> installed_after) {
    Solution solution;
    std::vector<const Entry*> coming;
    std::map<std::string_view, const Entry*> after;
    for (const std::size_t index : installed_after) {
        const Entry& entry = catalogue.entries()[index];
        solution.installed.push_back(entry.candidate);
        after[entry.identity->name] = &entry;
        if (!entry.is_installed) coming.push_back(&entry);
    }
    // Entries are sorted by name, so a walk over them gives the steps in that order.
    for (const Entry& entry : catalogue.entries()) {
        const auto same_name = after.find(entry.identity->name);
        const Entry* const successor = same_name == after.end() ? nullptr : same_name->second;
        if (entry.is_installed) {
            if (successor == &entry) continue;
            if (successor != nullptr)
                solution.steps.push_back({kind_of(entry, *successor), entry.candidate, successor->candidate});
            else if (const Entry* replacement = find_replacement(coming, entry))
                solution.steps.push_back({Step::Kind::replace, entry.candidate, replacement->candidate});
            else
                solution.steps.push_back({Step::Kind::remove, entry.candidate, std::nullopt});
        } else if (successor == &entry && !catalogue.find_installed(entry.identity->name)) {
            solution.steps.push_back({Step::Kind::install, std::nullopt, entry.candidate});
        }
    }
    return solution;
}

std::string describe(const Universe& universe, const Step& step) {
    const auto before = [&] { return label(universe.candidates[*step.before].identity); };
    const auto after = [&] { return with_origin(universe.candidates[*step.after]); };
    const auto exchange = [&](std::string_view verb) {
        const package::Identity& old = universe.candidates[*step.before].identity;
        const Candidate& next = universe.candidates[*step.after];
        const std::string origin = next.origin.empty() ? "" : std::format(" from {}", next.origin);
        return std::format("{} {} {} -> {}{}", verb, old.name, old.version, next.identity.version, origin);
    };
    switch (step.kind) {
        case Step::Kind::install:
            return std::format("install {}", after());
        case Step::Kind::upgrade:
            return exchange("upgrade");
        case Step::Kind::downgrade:
            return exchange("downgrade");
        case Step::Kind::remove:
            return std::format("remove {}", before());
        case Step::Kind::replace:
            return std::format("replace {} by {}", before(), after());
    }
    fail_check("Step::Kind", __FILE__, __LINE__);
}

}  // namespace cairn::solve
