#include "pkg/rootfs/changes.h"

#include <algorithm>
#include <format>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/package/dependencies.h"
#include "pkg/package/relation.h"

namespace cairn::rootfs {
namespace {

using archive::FileEntry;
using archive::Kind;
using package::Identity;
using package::VerifiedHead;

const Identity& identity_of(const VerifiedHead& head) {
    return head.head().identity;
}

/// The packages of a request, sorted out: what stays, what goes, what comes.
struct Sides {
    std::vector<const VerifiedHead*> kept;
    std::vector<const VerifiedHead*> gone;
    std::vector<const VerifiedHead*> added;
};

/// The names that disappear for the request's sake: those that it names, and those that a wanted package
/// replaces.
std::set<std::string> find_removed(std::span<const VerifiedHead> installed, const Request& request) {
    std::set<std::string> removed(request.remove.begin(), request.remove.end());
    for (const VerifiedHead* added : request.add)
        for (const std::string& text : identity_of(*added).replaces) {
            const package::Relation relation = package::parse_relation(text);
            for (const VerifiedHead& one : installed)
                if (identity_of(one).name != identity_of(*added).name &&
                    package::is_fulfilled(relation, identity_of(one).name, identity_of(one).version) &&
                    relation.name == identity_of(one).name)
                    removed.insert(identity_of(one).name);
        }
    return removed;
}

void check_request(const Database& database, const Request& request) {
    for (const std::string& name : request.remove) {
        if (database.find(name) != nullptr) continue;
        UsageError error(std::format("package '{}' is not installed", name));
        std::vector<std::string> names;
        for (const PackageRecord& record : database.packages) names.push_back(record.name);
        if (const auto nearest = find_nearest(name, names))
            error.hint(std::format("did you mean '{}'?", *nearest));
        throw error;
    }
    std::set<std::string> names;
    for (const VerifiedHead* added : request.add) {
        const std::string& name = identity_of(*added).name;
        if (!names.insert(name).second) throw UsageError(std::format("package '{}' is given twice", name));
        if (std::ranges::contains(request.remove, name))
            throw UsageError(std::format("package '{}' cannot be both installed and removed", name));
    }
}

Sides sort_out(std::span<const VerifiedHead> installed, const Request& request) {
    const std::set<std::string> removed = find_removed(installed, request);
    Sides sides{.added = request.add};
    for (const VerifiedHead& one : installed) {
        const bool is_replaced = std::ranges::any_of(request.add, [&](const VerifiedHead* added) {
            return identity_of(*added).name == identity_of(one).name;
        });
        (is_replaced || removed.contains(identity_of(one).name) ? sides.gone : sides.kept).push_back(&one);
    }
    return sides;
}

void check_relations(const Sides& sides) {
    std::vector<const Identity*> identities;
    for (const VerifiedHead* head : sides.kept) identities.push_back(&identity_of(*head));
    for (const VerifiedHead* head : sides.added) identities.push_back(&identity_of(*head));
    const std::vector<package::MissingDependency> missing = package::find_missing_dependencies(identities);
    if (!missing.empty()) {
        UsageError error(std::format("package '{}' needs '{}', which would not be in this root",
                                     missing.front().package, missing.front().relation));
        for (const package::MissingDependency& more : std::span(missing).subspan(1))
            error.detail("also", std::format("'{}' needs '{}'", more.package, more.relation));
        error.hint("install what it needs in the same command, or remove together what needs each other");
        throw error;
    }
    for (const Identity* one : identities)
        for (const std::string& conflict : one->conflicts)
            for (const Identity* other : identities)
                if (other != one && package::fulfils(*other, conflict))
                    throw UsageError(std::format("package '{}' conflicts with '{}', and '{}' {} is that",
                                                 one->name, conflict, other->name, other->version))
                        .hint(std::format("remove one of them"));
}

std::vector<PackageChange> compare_packages(const Sides& sides) {
    std::map<std::string, PackageChange> changes;
    for (const VerifiedHead* head : sides.gone) changes[identity_of(*head).name].from = make_record(*head);
    for (const VerifiedHead* head : sides.added) changes[identity_of(*head).name].to = make_record(*head);
    std::vector<PackageChange> result;
    for (auto& [name, change] : changes) {
        change.name = name;
        result.push_back(std::move(change));
    }
    return result;
}

/// Who has a path.
struct Owner {
    const VerifiedHead* head = nullptr;
    const FileEntry* entry = nullptr;
    std::size_t source = 0;
};
using Owners = std::unordered_map<std::string_view, Owner>;

/// Directories may belong to several packages when they are equal; the first one stays.
void add_owner(Owners& owners, const Owner& owner) {
    const auto [place, is_new] = owners.try_emplace(owner.entry->path, owner);
    if (is_new) return;
    const Owner& first = place->second;
    const bool both_directories =
        first.entry->kind == Kind::directory && owner.entry->kind == Kind::directory;
    if (both_directories && *first.entry == *owner.entry) return;
    const std::string& one = identity_of(*first.head).name;
    const std::string& other = identity_of(*owner.head).name;
    if (!both_directories)
        throw UsageError(std::format("packages '{}' and '{}' both claim '{}'", one, other, owner.entry->path))
            .hint("only one of them can be in this root");
    const auto describe = [](const FileEntry& entry) {
        return std::format("{}:{} {:04o}", entry.uid, entry.gid, entry.mode);
    };
    throw UsageError(std::format("packages '{}' and '{}' give the directory '{}' different owners or modes",
                                 one, other, owner.entry->path))
        .detail(one, describe(*first.entry))
        .detail(other, describe(*owner.entry));
}

Owners gather_owners(const std::vector<const VerifiedHead*>& heads) {
    Owners owners;
    for (const VerifiedHead* head : heads)
        for (const FileEntry& entry : head->head().files.entries) add_owner(owners, {head, &entry});
    return owners;
}

/// The files of which some hard link is new or other than before: all of such a group is written anew, so
/// that its members are one file again.
std::unordered_set<std::string_view> find_changed_groups(const VerifiedHead& added, const Owners& before) {
    const archive::FileTree& files = added.head().files;
    const auto is_same = [&](const FileEntry& entry) {
        const auto old = before.find(entry.path);
        return old != before.end() && *old->second.entry == entry;
    };
    std::unordered_set<std::string_view> groups;
    for (const FileEntry& entry : files.entries)
        if (entry.kind == Kind::hard_link && (!is_same(entry) || !is_same(*files.find(entry.target))))
            groups.insert(entry.target);
    return groups;
}

class Comparison {
  public:
    explicit Comparison(const Sides& sides)
        : sides_(sides), before_(gather_owners(sides.gone)), after_(gather_owners(sides.kept)) {}

    std::vector<PathChange> run() {
        for (std::size_t source = 0; source < sides_.added.size(); ++source)
            for (const FileEntry& entry : sides_.added[source]->head().files.entries)
                add_owner(after_, {sides_.added[source], &entry, source});
        for (std::size_t source = 0; source < sides_.added.size(); ++source) add_package(source);
        for (const auto& [path, owner] : before_)
            if (!after_.contains(path))
                changes_.push_back(
                    {.path = std::string(path), .before = entry_of(owner.head->head().files, *owner.entry)});
        std::ranges::sort(changes_, {}, &PathChange::path);
        return std::move(changes_);
    }

  private:
    void add_package(std::size_t source) {
        const VerifiedHead& head = *sides_.added[source];
        const auto groups = find_changed_groups(head, before_);
        const auto& entries = head.head().files.entries;
        for (std::size_t index = 0; index < entries.size(); ++index) {
            const FileEntry& entry = entries[index];
            const bool is_directory = entry.kind == Kind::directory;
            // Of a directory that several added packages have, one is enough.
            if (is_directory && !seen_directories_.insert(entry.path).second) continue;
            const auto old = before_.find(entry.path);
            const bool is_in_group =
                groups.contains(entry.kind == Kind::hard_link ? std::string_view(entry.target) : entry.path);
            if (!is_directory && !is_in_group && old != before_.end() && *old->second.entry == entry)
                continue;
            PathChange change{.path = entry.path,
                              .after = entry_of(head.head().files, entry),
                              .source = source,
                              .index = index};
            if (old != before_.end())
                change.before = entry_of(old->second.head->head().files, *old->second.entry);
            else if (const auto shared = after_.find(entry.path); shared->second.head != &head)
                change.before = entry_of(shared->second.head->head().files, *shared->second.entry);
            changes_.push_back(std::move(change));
        }
    }

    const Sides& sides_;
    Owners before_;
    Owners after_;
    std::unordered_set<std::string_view> seen_directories_;
    std::vector<PathChange> changes_;
};

Database make_result(const Database& database, const std::vector<PackageChange>& changes) {
    Database result{.transaction = database.transaction + 1};
    for (const PackageRecord& record : database.packages)
        if (!std::ranges::contains(changes, record.name, &PackageChange::name))
            result.packages.push_back(record);
    for (const PackageChange& change : changes)
        if (change.to) result.packages.push_back(*change.to);
    std::ranges::sort(result.packages);
    return result;
}

}  // namespace

PackageEntry entry_of(const archive::FileTree& files, const FileEntry& entry) {
    if (entry.kind == Kind::hard_link) return {&entry, files.find(entry.target)};
    return {&entry, entry.kind == Kind::file ? &entry : nullptr};
}

Changes plan_changes(const Database& database, std::span<const VerifiedHead> installed,
                     const Request& request) {
    check_request(database, request);
    const Sides sides = sort_out(installed, request);
    check_relations(sides);
    Changes changes{.packages = compare_packages(sides), .paths = Comparison(sides).run()};
    changes.result = make_result(database, changes.packages);
    return changes;
}

}  // namespace cairn::rootfs
