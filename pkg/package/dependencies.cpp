#include "pkg/package/dependencies.h"

#include <algorithm>
#include <format>
#include <map>
#include <optional>
#include <set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/package/relation.h"

namespace cairn::package {
namespace {

/// Finds providers by name, so that a set of packages is not searched for every relation.
class Providers {
  public:
    explicit Providers(std::span<const Identity* const> packages) {
        for (std::size_t i = 0; i < packages.size(); ++i) {
            by_name_[packages[i]->name].push_back({i, packages[i]->version});
            own_names_.push_back(packages[i]->name);
        }
        for (std::size_t i = 0; i < packages.size(); ++i)
            for (const std::string& text : packages[i]->provides) {
                const Relation provided = parse_relation(text);
                by_name_[provided.name].push_back({i, provided.version});
            }
    }

    /// Packages called so come before those that provide it.
    std::vector<std::size_t> find(const std::string& text) const {
        const Relation relation = parse_relation(text);
        std::vector<std::size_t> found;
        const auto place = by_name_.find(relation.name);
        if (place == by_name_.end()) return found;
        for (const auto& [index, version] : place->second)
            if (is_fulfilled(relation, relation.name, version)) found.push_back(index);
        return found;
    }

    const std::vector<std::string>& own_names() const { return own_names_; }

  private:
    std::map<std::string, std::vector<std::pair<std::size_t, std::string>>> by_name_;
    std::vector<std::string> own_names_;
};

std::size_t find_wanted(const Providers& providers, const std::string& name) {
    const auto& names = providers.own_names();
    const auto place = std::ranges::find(names, name);
    if (place != names.end()) return static_cast<std::size_t>(place - names.begin());
    UsageError error(std::format("there is no package '{}'", name));
    if (const auto nearest = find_nearest(name, names))
        error.hint(std::format("did you mean '{}'?", *nearest));
    throw error;
}

}  // namespace

bool fulfils(const Identity& package, const std::string& text) {
    const Relation relation = parse_relation(text);
    return is_fulfilled(relation, package.name, package.version) ||
           std::ranges::any_of(package.provides, [&](const std::string& provided) {
               const Relation own = parse_relation(provided);
               return is_fulfilled(relation, own.name, own.version);
           });
}

std::vector<MissingDependency> find_missing_dependencies(std::span<const Identity* const> packages) {
    const Providers providers(packages);
    std::vector<MissingDependency> missing;
    for (const Identity* package : packages)
        for (const std::string& relation : package->depends)
            if (providers.find(relation).empty()) missing.push_back({package->name, relation});
    return missing;
}

std::vector<std::size_t> close_over_dependencies(std::span<const Identity* const> available,
                                                 std::span<const std::string> wanted) {
    const Providers providers(available);
    std::set<std::size_t> taken;
    std::vector<std::size_t> open;
    const auto take = [&](std::size_t index) {
        if (taken.insert(index).second) open.push_back(index);
    };
    for (const std::string& name : wanted) take(find_wanted(providers, name));
    while (!open.empty()) {
        const Identity& package = *available[open.back()];
        open.pop_back();
        for (const std::string& relation : package.depends) {
            const std::vector<std::size_t> found = providers.find(relation);
            if (found.empty())
                throw UsageError(
                    std::format("package '{}' needs '{}', which no package provides", package.name, relation))
                    .hint("add the recipe that makes it, or correct the recipe's \"depends\"");
            if (std::ranges::none_of(found, [&](std::size_t index) { return taken.contains(index); }))
                take(found[0]);
        }
    }
    return {taken.begin(), taken.end()};
}

}  // namespace cairn::package
