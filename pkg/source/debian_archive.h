#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/net/transport.h"

/// Debian's archive as this machine reaches it. No address of a mirror stands in this repository: the mirrors
/// are those that the machine's own package manager is set up for, or CAIRN_DEBIAN_MIRROR.
namespace cairn::source {

/// Base addresses without a final '/'; the archive proper and the security archive lie apart.
struct DebianMirrors {
    std::vector<std::string> main;
    std::vector<std::string> security;
    std::optional<std::string> proxy;  // of the package manager; empty: as the environment says
    bool checks_valid_until = true;    // false where the package manager is told to take old indexes

    bool operator==(const DebianMirrors&) const = default;
};

/// A file of the archive's pool.
struct PoolFile {
    std::string source;  // Debian's source package
    std::string file;
    std::string component = "main";
};

/// "pool/main/z/zlib/zlib_1.3.1.orig.tar.gz"; `pool` is "pool", or "pool/updates" in the security archive.
/// Packages named lib… lie under four letters.
std::string pool_path(const PoolFile& file, std::string_view pool);

/// What CAIRN_DEBIAN_MIRROR says: one or more addresses; those that end in "-security" are of the security
/// archive. With none of these, the security archive is looked for beside the first.
DebianMirrors parse_mirror_setting(std::string_view setting);

/// Understands `apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(REPO_URI)'`.
DebianMirrors parse_index_targets(std::string_view output);
/// Understands `apt-get update --print-uris`, for machines whose package lists were never fetched or thrown
/// away.
DebianMirrors parse_update_uris(std::string_view output);

/// Asks the package manager. Throws Error with a hint when it knows no mirror of Debian.
DebianMirrors find_mirrors_of_host();

/// The mirrors, found when first needed (asking the package manager takes half a second). May be used by
/// several threads.
class DebianArchive {
  public:
    explicit DebianArchive(std::function<DebianMirrors()> find) : find_(std::move(find)) {}
    /// From CAIRN_DEBIAN_MIRROR, else from the package manager.
    static DebianArchive of_host();

    const DebianMirrors& mirrors();
    /// Where a file of the pool may lie, in the order to try.
    std::vector<std::string> addresses(const PoolFile& file);
    /// A request through the package manager's proxy.
    net::Request request(std::string url);

  private:
    std::function<DebianMirrors()> find_;
    std::once_flag once_;
    DebianMirrors mirrors_;
};

}  // namespace cairn::source
