#include "pkg/solve/catalogue.h"

#include <algorithm>
#include <array>
#include <format>
#include <tuple>

#include "pkg/base/error.h"
#include "pkg/base/version_order.h"

namespace cairn::solve {
namespace {

using package::Identity;
using package::Relation;

std::vector<Relation> parse_all(const std::vector<std::string>& texts) {
    std::vector<Relation> relations;
    relations.reserve(texts.size());
    for (const std::string& text : texts) relations.push_back(package::parse_relation(text));
    return relations;
}

/// Versions from low to high; of the same version what is installed comes first, then what was made for this
/// very architecture.
bool is_before(const Candidate& left, const Candidate& right) {
    const Identity& a = left.identity;
    const Identity& b = right.identity;
    if (a.name != b.name) return a.name < b.name;
    if (const auto order = compare_versions(a.version, b.version); order != 0) return order < 0;
    if (left.is_installed != right.is_installed) return left.is_installed;
    const auto key = [](const Candidate& candidate) {
        const Identity& identity = candidate.identity;
        return std::tuple(identity.architecture == "any", std::string_view(identity.version),
                          std::string_view(identity.architecture), std::string_view(candidate.origin));
    };
    return key(left) < key(right);
}

std::string with_origin(const Candidate& candidate) {
    return candidate.origin.empty() ? "one without an origin" : std::format("'{}'", candidate.origin);
}

bool is_known_architecture(const std::string& text) {
    return text == "x86_64" || text == "aarch64" || text == "any";
}

void check(const Candidate& candidate) {
    const Identity& identity = candidate.identity;
    if (!package::is_package_name(identity.name))
        throw VerifyError(std::format("cannot use package '{}': its name is not valid", identity.name));
    if (!package::is_version(identity.version))
        throw VerifyError(std::format("cannot use package '{}': its version '{}' is not valid", identity.name,
                                      identity.version));
    if (!is_known_architecture(identity.architecture))
        throw VerifyError(std::format("cannot use package '{}': its architecture '{}' is not known",
                                      identity.name, identity.architecture));
}

std::vector<const Candidate*> sort_candidates(const Universe& universe) {
    std::vector<const Candidate*> sorted;
    for (const Candidate& candidate : universe.candidates) {
        check(candidate);
        sorted.push_back(&candidate);
    }
    std::ranges::sort(sorted,
                      [](const Candidate* left, const Candidate* right) { return is_before(*left, *right); });
    return sorted;
}

/// What is installed stands for what is available under the same name, version and architecture.
std::vector<const Candidate*> without_repetitions(const std::vector<const Candidate*>& sorted) {
    std::map<std::tuple<std::string_view, std::string_view, std::string_view>, const Candidate*> seen;
    std::vector<const Candidate*> kept;
    for (const Candidate* candidate : sorted) {
        const Identity& identity = candidate->identity;
        const auto [place, is_new] =
            seen.try_emplace({identity.name, identity.version, identity.architecture}, candidate);
        const Candidate& first = *place->second;
        if (is_new) {
            kept.push_back(candidate);
        } else if (candidate->is_installed || (!first.is_installed && first.identity != identity)) {
            throw VerifyError(std::format("there are two packages '{}' for {} that are not the same",
                                          label(identity), identity.architecture))
                .detail("one", with_origin(first))
                .detail("other", with_origin(*candidate));
        }
    }
    return kept;
}

}  // namespace

std::string label(const Identity& identity) {
    return std::format("{} {}", identity.name, identity.version);
}

Catalogue::Catalogue(const Universe& universe) : architecture_(universe.architecture) {
    if (architecture_ != "x86_64" && architecture_ != "aarch64")
        throw UsageError(std::format("'{}' is not an architecture of a root", architecture_))
            .hint("x86_64 or aarch64");
    for (const Candidate* candidate : without_repetitions(sort_candidates(universe))) {
        const Identity& identity = candidate->identity;
        if (identity.architecture == "any" || identity.architecture == architecture_) {
            with_context(std::format("reading package '{}'", solve::label(identity)), [&] {
                add(*candidate, static_cast<std::size_t>(candidate - universe.candidates.data()));
            });
        } else if (candidate->is_installed) {
            throw VerifyError(std::format("package '{}' is installed for {}, but this root is {}",
                                          solve::label(identity), identity.architecture, architecture_));
        } else {
            foreign_.push_back(&identity);
        }
    }
}

void Catalogue::add(const Candidate& candidate, std::size_t index) {
    const Identity& identity = candidate.identity;
    if (const auto installed = find_installed(identity.name); installed && candidate.is_installed)
        throw VerifyError(std::format("package '{}' is installed twice: {} and {}", identity.name,
                                      entries_[*installed].identity->version, identity.version));
    const std::size_t entry = entries_.size();
    entries_.push_back({.candidate = index,
                        .identity = &identity,
                        .is_installed = candidate.is_installed,
                        .depends = parse_all(identity.depends),
                        .provides = parse_all(identity.provides),
                        .conflicts = parse_all(identity.conflicts),
                        .replaces = parse_all(identity.replaces)});
    named_[identity.name].push_back(entry);
    if (candidate.is_installed) installed_[identity.name] = entry;
    for (const Relation& provided : entries_.back().provides) {
        auto& list = provided_[provided.name];
        if (provided.name != identity.name && (list.empty() || list.back() != entry)) list.push_back(entry);
    }
}

std::vector<std::size_t> Catalogue::find(const Relation& relation) const {
    std::vector<std::size_t> found;
    for (const auto& list : {find_named(relation.name), find_providers(relation.name)})
        std::ranges::copy_if(list, std::back_inserter(found),
                             [&](std::size_t entry) { return fulfils(entries_[entry], relation); });
    return found;
}

std::vector<std::size_t> Catalogue::find_named(const std::string& name) const {
    const auto place = named_.find(name);
    return place == named_.end() ? std::vector<std::size_t>() : place->second;
}

std::vector<std::size_t> Catalogue::find_providers(const std::string& name) const {
    const auto place = provided_.find(name);
    return place == provided_.end() ? std::vector<std::size_t>() : place->second;
}

std::optional<std::size_t> Catalogue::find_installed(const std::string& name) const {
    const auto place = installed_.find(name);
    return place == installed_.end() ? std::nullopt : std::optional(place->second);
}

std::vector<const Identity*> Catalogue::find_foreign(const std::string& name) const {
    std::vector<const Identity*> found;
    std::ranges::copy_if(foreign_, std::back_inserter(found),
                         [&](const Identity* identity) { return identity->name == name; });
    return found;
}

std::vector<std::string> Catalogue::names() const {
    std::vector<std::string> names;
    for (const auto& [name, entries] : named_) names.push_back(name);
    return names;
}

bool fulfils(const Catalogue::Entry& entry, const Relation& relation) {
    return package::is_fulfilled(relation, entry.identity->name, entry.identity->version) ||
           std::ranges::any_of(entry.provides, [&](const Relation& provided) {
               return package::is_fulfilled(relation, provided.name, provided.version);
           });
}

std::string to_text(const Relation& relation) {
    constexpr std::array<std::string_view, 6> operators = {"", "=", "<", "<=", ">", ">="};
    if (relation.op == Relation::Operator::any) return relation.name;
    return std::format("{} {} {}", relation.name, operators.at(static_cast<std::size_t>(relation.op)),
                       relation.version);
}

}  // namespace cairn::solve
