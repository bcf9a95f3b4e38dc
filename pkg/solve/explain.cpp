#include "pkg/solve/explain.h"

#include <algorithm>
#include <format>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/base/version_order.h"
#include "pkg/solve/reasons.h"

namespace cairn::solve {
namespace {

constexpr std::size_t suggestion_limit = 4;

std::string describe_drop(const Wish& wish) {
    switch (wish.kind) {
        case Wish::Kind::install:
        case Wish::Kind::favour:
            return std::format("leave {} out", wish.text);
        case Wish::Kind::remove:
            return std::format("keep {}", wish.text);
        case Wish::Kind::upgrade:
            return std::format("do not upgrade {}", wish.text);
        case Wish::Kind::upgrade_all:
            return "upgrade less than everything";
        case Wish::Kind::hold:
            return std::format("do not hold {}", wish.text);
    }
    fail_check("Wish::Kind", __FILE__, __LINE__);
}

std::string describe_exchange(const Catalogue& catalogue, const Concession& concession) {
    const package::Identity& before = *catalogue.entries()[concession.entry].identity;
    const package::Identity& after = *catalogue.entries()[concession.other].identity;
    if (before.name != after.name) return std::format("replace {} by {}", label(before), label(after));
    const bool is_lower = compare_versions(after.version, before.version) < 0;
    return std::format("{} {} to {}", is_lower ? "downgrade" : "upgrade", label(before), after.version);
}

std::string describe(const Catalogue& catalogue, std::span<const Wish> wishes, const Concession& concession) {
    switch (concession.kind) {
        case Concession::Kind::drop_wish:
            return describe_drop(wishes[concession.wish]);
        case Concession::Kind::remove:
            fail_check("removals are said together", __FILE__, __LINE__);
        case Concession::Kind::exchange:
            return describe_exchange(catalogue, concession);
    }
    fail_check("Concession::Kind", __FILE__, __LINE__);
}

/// "leave editor out and remove viewer and zlib".
std::string describe(const Catalogue& catalogue, std::span<const Wish> wishes,
                     const std::vector<Concession>& way) {
    std::vector<std::string> parts, removed;
    for (const Concession& concession : way) {
        if (concession.kind == Concession::Kind::remove)
            removed.push_back(catalogue.entries()[concession.entry].identity->name);
        else
            parts.push_back(describe(catalogue, wishes, concession));
    }
    std::ranges::sort(removed);
    const bool is_too =
        std::ranges::any_of(wishes, [](const Wish& wish) { return wish.kind == Wish::Kind::remove; });
    if (!removed.empty())
        parts.push_back(std::format("remove {}{}", list_words(removed), is_too ? " too" : ""));
    return join(parts, " and ");
}

/// libsolv names one package that a removal would break; people ask for all. Adds those, along the chain,
/// that nothing available can help.
bool add_dependents(const Catalogue& catalogue, std::span<const Wish> wishes, std::vector<Reason>& reasons) {
    std::set<std::size_t> gone;
    for (const Reason& reason : reasons)
        if (reason.kind == Reason::Kind::asked && wishes[reason.wish].kind == Wish::Kind::remove)
            gone.insert_range(catalogue.find_named(wishes[reason.wish].text));
    const auto is_gone = [&](std::size_t entry) { return gone.contains(entry); };
    bool has_dependents = false;
    for (std::size_t before = 0; before != gone.size();) {
        before = gone.size();
        for (std::size_t entry = 0; entry < catalogue.entries().size(); ++entry) {
            if (!catalogue.entries()[entry].is_installed || is_gone(entry)) continue;
            for (const package::Relation& relation : catalogue.entries()[entry].depends) {
                const std::vector<std::size_t> givers = catalogue.find(relation);
                if (givers.empty() || !std::ranges::all_of(givers, is_gone)) continue;
                reasons.push_back({.kind = Reason::Kind::stays, .from = entry});
                reasons.push_back({Reason::Kind::needs, 0, entry, givers, to_text(relation)});
                gone.insert(entry);
                has_dependents = true;
                break;
            }
        }
    }
    return has_dependents;
}

/// Giving up all that was asked for is no advice.
bool is_giving_up(const std::vector<Concession>& way, std::span<const Wish> wishes) {
    const auto is_real = [](const Wish& wish) { return wish.kind != Wish::Kind::hold; };
    const auto dropped = std::ranges::count_if(way, [&](const Concession& concession) {
        return concession.kind == Concession::Kind::drop_wish && is_real(wishes[concession.wish]);
    });
    return way.empty() || dropped == std::ranges::count_if(wishes, is_real);
}

/// "a", "a and b", or how many.
std::string list_asked(const std::vector<std::string>& names) {
    return names.size() > 3 ? std::format("{} packages", names.size()) : join(names, " and ");
}

}  // namespace

std::string summarize(const Job& job) {
    std::vector<std::string> verbs;
    const auto add = [&](std::string_view verb, const std::vector<std::string>& names) {
        if (!names.empty()) verbs.push_back(std::format("{} {}", verb, list_asked(names)));
    };
    const auto sorted = [](std::vector<std::string> names) {
        std::ranges::sort(names);
        return names;
    };
    add("install", sorted(job.install));
    add("remove", sorted(job.remove));
    add("upgrade", sorted(job.upgrade));
    if (job.upgrades_all) verbs.emplace_back("upgrade everything");
    if (verbs.empty()) verbs.emplace_back("use what is asked for");
    return std::format("cannot {}", join(verbs, " and "));
}

Explanation explain(const Catalogue& catalogue, const Job& job, std::span<const Wish> wishes,
                    const Answer& answer) {
    std::vector<Reason> reasons = answer.reasons;
    const bool has_dependents = add_dependents(catalogue, wishes, reasons);
    Explanation explanation{.summary = summarize(job),
                            .reasons = describe_reasons(catalogue, wishes, reasons),
                            .has_dependents = has_dependents};
    for (const std::vector<Concession>& way : answer.ways_out) {
        if (is_giving_up(way, wishes) || explanation.suggestions.size() == suggestion_limit) continue;
        explanation.suggestions.push_back(describe(catalogue, wishes, way));
    }
    return explanation;
}

std::string describe(const Universe& universe, const Kept& kept) {
    std::string text = std::format("{} stays, though {} is available",
                                   label(universe.candidates[kept.package].identity), kept.newest);
    if (!kept.reasons.empty()) text += ": " + join(kept.reasons, "; ");
    return text;
}

Error to_error(const Explanation& explanation) {
    Error error(explanation.summary);
    std::string reasons = join(explanation.reasons, "\n");
    error.detail("why", explanation.reasons.size() == 1 ? reasons : "\n" + reasons);
    if (!explanation.suggestions.empty()) error.hint(join(explanation.suggestions, "; or "));
    return error;
}

}  // namespace cairn::solve
