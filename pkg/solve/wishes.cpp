#include "pkg/solve/wishes.h"

#include <algorithm>
#include <format>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/solve/explain.h"
#include "pkg/solve/reasons.h"

namespace cairn::solve {
namespace {

using package::Relation;

std::vector<std::string> sorted_once(std::vector<std::string> texts) {
    std::ranges::sort(texts);
    texts.erase(std::ranges::unique(texts).begin(), texts.end());
    return texts;
}

Relation parse_wanted(const std::string& text) {
    try {
        return package::parse_relation(text);
    } catch (const VerifyError& error) {
        throw UsageError(error.message());
    }
}

void check_name(const std::string& name) {
    if (!package::is_package_name(name))
        throw UsageError(std::format("'{}' is not a name for a package", name))
            .hint("small letters, digits, '+', '.' and '-', beginning with a letter or digit");
}

/// Gathers wishes, and reasons for those that mean nothing.
class Planner {
  public:
    Planner(const Catalogue& catalogue, const Job& job) : catalogue_(catalogue), job_(job) {}

    std::variant<std::vector<Wish>, Explanation> plan() {
        for (const std::string& text : sorted_once(job_.install)) install(parse_wanted(text));
        for (const std::string& name : sorted_once(job_.remove)) check_name(name);
        remove();
        for (const std::string& name : sorted_once(job_.upgrade))
            if (is_installed(name, "upgraded")) wishes_.push_back({Wish::Kind::upgrade, name, {}});
        if (job_.upgrades_all) wishes_.push_back({Wish::Kind::upgrade_all, "", {}});
        for (const std::string& name : sorted_once(job_.hold)) hold(name);
        if (refusal_.reasons.empty()) return wishes_;
        refusal_.summary = summarize(job_);
        return refusal_;
    }

  private:
    /// A package of the very name is meant where there is one.
    void install(const Relation& relation) {
        std::vector<std::size_t> found = catalogue_.find(relation);
        if (found.empty()) return refuse_missing(relation);
        const auto has_name = [&](std::size_t entry) {
            return catalogue_.entries()[entry].identity->name == relation.name;
        };
        const bool is_named = std::ranges::any_of(found, has_name);
        if (is_named) std::erase_if(found, std::not_fn(has_name));
        wishes_.push_back({Wish::Kind::install, to_text(relation), found,
                           is_named && relation.op != Relation::Operator::any});
    }

    void remove() {
        std::set<std::size_t> gone;
        for (const std::string& name : sorted_once(job_.remove))
            if (is_installed(name, "removed")) gone.insert(*catalogue_.find_installed(name));
        if (job_.removes_dependents) add_dependents(gone);
        for (const std::size_t entry : gone)
            wishes_.push_back({Wish::Kind::remove, catalogue_.entries()[entry].identity->name, {}});
    }

    /// Adds, again and again, what is installed and needs something that only what goes gives.
    void add_dependents(std::set<std::size_t>& gone) {
        for (std::size_t before = 0; before != gone.size();) {
            before = gone.size();
            for (std::size_t entry = 0; entry < catalogue_.entries().size(); ++entry)
                if (catalogue_.entries()[entry].is_installed && needs_any(entry, gone)) gone.insert(entry);
        }
    }

    bool needs_any(std::size_t entry, const std::set<std::size_t>& gone) {
        return std::ranges::any_of(catalogue_.entries()[entry].depends, [&](const Relation& relation) {
            std::vector<std::size_t> givers = catalogue_.find(relation);
            std::erase_if(givers,
                          [&](std::size_t giver) { return !catalogue_.entries()[giver].is_installed; });
            return !givers.empty() &&
                   std::ranges::all_of(givers, [&](std::size_t giver) { return gone.contains(giver); });
        });
    }

    void hold(const std::string& name) {
        check_name(name);
        if (!catalogue_.find_named(name).empty())
            wishes_.push_back({Wish::Kind::hold, name, {}});
        else
            refuse(std::format("'{}' cannot be held: no package is called so", name), name,
                   catalogue_.names());
    }

    bool is_installed(const std::string& name, std::string_view verb) {
        check_name(name);
        if (catalogue_.find_installed(name)) return true;
        std::vector<std::string> installed = catalogue_.names();
        std::erase_if(installed, [&](const std::string& known) { return !catalogue_.find_installed(known); });
        refuse(std::format("{} is not installed, so it cannot be {}", name, verb), name, installed);
        return false;
    }

    void refuse_missing(const Relation& relation) {
        refuse(describe_missing(catalogue_, "you asked for", relation), relation.name,
               catalogue_.find_named(relation.name).empty() && catalogue_.find_foreign(relation.name).empty()
                   ? catalogue_.names()
                   : std::vector<std::string>());
    }

    void refuse(std::string reason, const std::string& name, const std::vector<std::string>& known) {
        refusal_.reasons.push_back(std::move(reason));
        if (const auto nearest = find_nearest(name, known); nearest && *nearest != name)
            refusal_.suggestions.push_back(std::format("did you mean '{}'?", *nearest));
    }

    const Catalogue& catalogue_;
    const Job& job_;
    std::vector<Wish> wishes_;
    Explanation refusal_;
};

}  // namespace

std::variant<std::vector<Wish>, Explanation> plan_wishes(const Catalogue& catalogue, const Job& job) {
    return Planner(catalogue, job).plan();
}

}  // namespace cairn::solve
