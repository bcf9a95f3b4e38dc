#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/package/relation.h"
#include "pkg/solve/universe.h"

namespace cairn::solve {

/// The candidates that a root can have: checked, relations parsed, in one order whatever order they came in,
/// each package once. Those of other architectures are set apart. Borrows the universe.
class Catalogue {
  public:
    struct Entry {
        std::size_t candidate;  // index in the universe
        const package::Identity* identity;
        bool is_installed;
        std::vector<package::Relation> depends, provides, conflicts, replaces;
    };

    /// Throws VerifyError for a candidate that is not as Identity says, for two available packages of one
    /// name, version and architecture with different content, and for an installed package of another
    /// architecture.
    explicit Catalogue(const Universe& universe);

    const std::vector<Entry>& entries() const { return entries_; }
    const std::string& architecture() const { return architecture_; }

    /// Entries that fulfil the relation, those called so before those that provide it.
    std::vector<std::size_t> find(const package::Relation& relation) const;
    /// Entries called so, versions from low to high.
    std::vector<std::size_t> find_named(const std::string& name) const;
    /// Entries that are not called so but provide it, in whatever version.
    std::vector<std::size_t> find_providers(const std::string& name) const;
    /// The installed entry of that name, or none.
    std::optional<std::size_t> find_installed(const std::string& name) const;
    /// Packages called so that are left out for their architecture.
    std::vector<const package::Identity*> find_foreign(const std::string& name) const;
    /// All names that packages have, sorted, each once.
    std::vector<std::string> names() const;

    std::string label(std::size_t entry) const { return solve::label(*entries_[entry].identity); }

  private:
    void add(const Candidate& candidate, std::size_t index);

    std::string architecture_;
    std::vector<Entry> entries_;
    std::vector<const package::Identity*> foreign_;
    std::map<std::string, std::vector<std::size_t>> named_;
    std::map<std::string, std::vector<std::size_t>> provided_;
    std::map<std::string, std::size_t> installed_;
};

/// True when the entry fulfils the relation by its name and version, or by an entry of its `provides`.
bool fulfils(const Catalogue::Entry& entry, const package::Relation& relation);

/// A relation as people write it: "libui >= 3".
std::string to_text(const package::Relation& relation);

}  // namespace cairn::solve
