#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "installer/settings/difference.h"
#include "installer/settings/store.h"

/// Pending changes: patches gathered under a name until they are committed together or dropped. They are on
/// disk (`pending/<name>.json` in the store's directory, FORMAT.md) and change nothing until then.
namespace cairn::settings {

/// What a transaction would do to the settings that hold now.
struct Preview {
    std::vector<Difference> differences;
    std::vector<Violation> violations;  // not empty: it cannot be committed
};

class Transactions {
  public:
    /// All is borrowed. `directory` is the store's.
    Transactions(std::filesystem::path directory, Store& store, const Schema& schema);

    /// Adds a merge patch (RFC 7396: null takes a setting back to its default) behind those that are pending
    /// under this name, which begins with the first one. Whether the schema allows the outcome is looked at
    /// when it is committed: patches may be right only together. Throws UsageError for a name that is none,
    /// for what is no table, and when there are too many names (16) or patches (256).
    void patch(std::string_view name, const Json& patch);
    Preview preview(std::string_view name) const;
    /// The settings as they would hold after a commit. Throws as commit() does.
    Values verify(std::string_view name) const;
    /// Applies the patches in turn to the settings that hold now and commits the outcome, then forgets them.
    /// Throws InvalidSettings and keeps them when the schema does not allow it. Stopped between the two, the
    /// patches are still there; to commit them once more changes nothing. Gives the version that holds.
    std::uint64_t commit(std::string_view name, const Change& change);
    /// None of that name is fine.
    void drop(std::string_view name);
    std::vector<std::string> names() const;

  private:
    std::filesystem::path file_of(std::string_view name) const;
    Json patches_of(std::string_view name) const;
    Json outcome_of(std::string_view name) const;

    std::filesystem::path directory_;
    Store* store_;
    const Schema* schema_;
};

}  // namespace cairn::settings
