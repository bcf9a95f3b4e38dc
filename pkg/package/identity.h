#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/crypto/hash.h"

/// What a package says about itself, apart from its files.
namespace cairn::package {

struct SourceRecord {
    std::string name;     // file name of the source as it was fetched
    crypto::Hash sha256;  // zero for sources inside the repository, which `output` covers
    auto operator<=>(const SourceRecord&) const = default;
};

struct Identity {
    std::string name;          // [a-z0-9][a-z0-9+.-]*
    std::string version;       // [0-9A-Za-z][0-9A-Za-z.~^+-]*, ordered by compare_versions
    std::string architecture;  // x86_64, aarch64 or any
    std::string license;       // SPDX expression
    std::string summary;       // one line

    // Relations, see relation.h; each list sorted and without repetitions.
    std::vector<std::string> depends;
    std::vector<std::string> provides;
    std::vector<std::string> conflicts;
    std::vector<std::string> replaces;

    // Where it comes from.
    std::string recipe;
    crypto::Hash output;  // hash_tree of the recipe's whole staged tree, before any signature
    std::vector<SourceRecord> sources;

    bool operator==(const Identity&) const = default;
};

/// True for `[a-z0-9][a-z0-9+.-]*` of at most 128 bytes.
bool is_package_name(std::string_view name);
/// True for `[0-9A-Za-z][0-9A-Za-z.~^+-]*` of at most 128 bytes.
bool is_version(std::string_view version);

/// Throws VerifyError naming the field that is not as Identity and FORMAT.md say.
void check_identity(const Identity& identity);

/// `<name>_<version>_<architecture>.cpkg`.
std::string file_name(const Identity& identity);

/// The form in a package's head: every field, always, in sorted order. identity_from_json takes exactly that
/// and throws VerifyError for everything else.
Json to_json(const Identity& identity);
Identity identity_from_json(const Json& json);

}  // namespace cairn::package
