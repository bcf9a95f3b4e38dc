#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/dir.h"
#include "pkg/crypto/hash.h"

namespace cairn::rootfs {

/// Looks at paths of a root, best in their order: the directory of the last one stays open. Follows no link.
/// Borrows the root; for one thread.
class PathLooker {
  public:
    explicit PathLooker(const Dir& root);

    struct Place {
        std::optional<struct stat> status;  // empty: nothing is there, or its directory is none
        std::uint64_t device = 0;           // of the nearest directory above that is there
    };
    Place look(const std::string& path);

    // Of what look() found last.
    std::string read_link(const std::string& path) const;
    std::vector<std::string> names(const std::string& path) const;
    /// BLAKE2b-256 of a regular file.
    crypto::Hash hash_file(const std::string& path) const;

  private:
    void enter_parent(std::string_view parent);

    const Dir& root_;
    std::string parent_name_;
    std::optional<Dir> parent_;  // empty: it is not there, or the root itself
    std::uint64_t device_ = 0;
};

}  // namespace cairn::rootfs
