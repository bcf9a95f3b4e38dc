#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/crypto/hash.h"
#include "pkg/source/environment.h"

/// What Debian's archive holds now, by its signed indexes.
namespace cairn::source {

/// A suite's Release file, its signature checked.
struct VerifiedRelease {
    struct Index {
        crypto::Hash sha256;
        std::uint64_t size = 0;
    };
    std::string suite;
    std::map<std::string, Index> indexes;  // by path below dists/<suite>
    std::optional<std::chrono::sys_seconds> valid_until;
};

/// Checks `text` (an InRelease file) with gpgv against `keyring` and reads what was signed, nothing around
/// it. Throws VerifyError without a good signature, or when the file is past its "Valid-Until" and `now` is
/// given.
VerifiedRelease verify_release(std::string_view text, const std::string& suite,
                               const std::filesystem::path& keyring,
                               std::optional<std::chrono::sys_seconds> now);

/// A file that an index names.
struct IndexedFile {
    std::string file;     // name without directories
    std::string version;  // of the source or binary package, with epoch
    crypto::Hash sha256;
    std::string suite;

    bool operator==(const IndexedFile&) const = default;
};

/// The files of source package `source` in a Sources index.
std::vector<IndexedFile> parse_sources_index(std::string_view text, std::string_view source,
                                             const std::string& suite);
/// The files of binary package `package`, made of source package `source`, in a Packages index.
std::vector<IndexedFile> parse_packages_index(std::string_view text, std::string_view package,
                                              std::string_view source, const std::string& suite);

/// Everything under `file`'s package name in the suites that recipes take from. Indexes are fetched, checked
/// against their signed hashes and kept in `environment.cache`/indexes. A suite that a mirror lacks is passed
/// over.
std::vector<IndexedFile> list_archive_files(const PoolFile& file, Environment& environment);

}  // namespace cairn::source
