#include "pkg/solve/sat_pool.h"

#include <algorithm>
#include <array>
#include <solv/poolid.h>
#include <solv/repo.h>
#include <solv/solvable.h>

#include "pkg/base/error.h"

namespace cairn::solve {
namespace {

using package::Relation;

std::vector<std::string_view> all_versions(const Catalogue& catalogue) {
    std::vector<std::string_view> versions;
    const auto add = [&](const std::vector<Relation>& relations) {
        for (const Relation& relation : relations)
            if (!relation.version.empty()) versions.push_back(relation.version);
    };
    for (const Catalogue::Entry& entry : catalogue.entries()) {
        versions.push_back(entry.identity->version);
        for (const auto* list : {&entry.depends, &entry.provides, &entry.conflicts, &entry.replaces})
            add(*list);
    }
    return versions;
}

int flags_of(Relation::Operator op) {
    constexpr std::array<int, 6> flags = {0, REL_EQ, REL_LT, REL_LT | REL_EQ, REL_GT, REL_GT | REL_EQ};
    return flags.at(static_cast<std::size_t>(op));
}

}  // namespace

SatPool::SatPool(const Catalogue& catalogue)
    : catalogue_(catalogue), ranks_(all_versions(catalogue)), pool_(pool_create()) {
    pool_setdisttype(get(), DISTTYPE_RPM);
    Repo* installed = repo_create(get(), "installed");
    Repo* available = repo_create(get(), "available");
    pool_set_installed(get(), installed);
    ids_.resize(catalogue.entries().size());
    for (const bool is_installed : {true, false})
        for (std::size_t entry = 0; entry < ids_.size(); ++entry)
            if (catalogue.entries()[entry].is_installed == is_installed)
                add(entry, is_installed ? *installed : *available);
    pool_createwhatprovides(get());
}

Id SatPool::name_id(const std::string& name) {
    return pool_str2id(get(), name.c_str(), 1);
}

Id SatPool::relation_id(const Relation& relation, const std::string& name) {
    if (relation.op == Relation::Operator::any) return name_id(name);
    return pool_rel2id(get(), name_id(name), name_id(ranks_.rank(relation.version)), flags_of(relation.op),
                       1);
}

/// What something asks for by this relation.
Id SatPool::asked_id(const Relation& relation) {
    const bool has_version = relation.op != Relation::Operator::any;
    const Id id = relation_id(relation, has_version ? relation.name + " =" : relation.name);
    relations_.try_emplace(id, to_text(relation));
    return id;
}

void SatPool::add(std::size_t entry, s_Repo& repo) {
    const Catalogue::Entry& source = catalogue_.entries()[entry];
    const Id id = repo_add_solvable(&repo);
    ids_[entry] = id;
    entries_.resize(static_cast<std::size_t>(id) + 1);
    entries_[static_cast<std::size_t>(id)] = entry;

    Solvable* solvable = pool_id2solvable(get(), id);
    solvable->name = name_id(source.identity->name);
    solvable->evr = name_id(ranks_.rank(source.identity->version));
    solvable->arch = ARCH_NOARCH;
    const auto add = [&](Id kind, Id what) { solvable_add_deparray(solvable, kind, what, 0); };

    const Relation own{source.identity->name, Relation::Operator::equal, source.identity->version};
    for (const char* suffix : {"", " =", " #"}) add(SOLVABLE_PROVIDES, relation_id(own, own.name + suffix));
    for (const Relation& provided : source.provides) {
        add(SOLVABLE_PROVIDES, name_id(provided.name));
        if (!provided.version.empty())
            add(SOLVABLE_PROVIDES, relation_id({provided.name, Relation::Operator::equal, provided.version},
                                               provided.name + " ="));
    }
    for (const Relation& relation : source.depends) {
        add(SOLVABLE_REQUIRES, asked_id(relation));
        // Among what gives it, packages called so come first; nothing is installed for a suggestion alone.
        if (!catalogue_.find_named(relation.name).empty())
            add(SOLVABLE_SUGGESTS, relation_id(relation, relation.name + " #"));
    }
    for (const Relation& relation : source.conflicts) add(SOLVABLE_CONFLICTS, asked_id(relation));
    for (const Relation& relation : source.replaces) {
        const Id replaced = relation_id(relation, relation.name);
        relations_.try_emplace(replaced, to_text(relation));
        add(SOLVABLE_OBSOLETES, replaced);
    }
}

std::size_t SatPool::entry_of(Id id) const {
    CHECK(id > SYSTEMSOLVABLE && static_cast<std::size_t>(id) < entries_.size());
    return entries_[static_cast<std::size_t>(id)];
}

const std::string& SatPool::text_of(Id relation) const {
    const auto place = relations_.find(relation);
    CHECK(place != relations_.end());
    return place->second;
}

}  // namespace cairn::solve
