#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "pkg/net/transport.h"
#include "pkg/tuf/metadata.h"

/// A copy of somebody's repository, that others can read in its place. Nothing in it is signed here: it is
/// what its owners signed, verified by a client's rules, whole.
namespace cairn::repo {

struct MirrorRequest {
    std::string metadata_url;
    std::string targets_url;
    std::filesystem::path directory;
    /// Whose repository it is to be. Needed once; later the copy's own first root says it.
    std::optional<std::string> trusted_root;
    tuf::Time now = 0;
    std::function<void(const std::string& target, std::uint64_t size)> on_target =
        {};  // before it is fetched
};

struct MirrorResult {
    std::uint64_t root = 0;  // versions
    std::uint64_t timestamp = 0;
    std::uint64_t snapshot = 0;
    std::size_t roles = 0;  // targets roles
    std::size_t targets = 0;
    std::size_t fetched_targets = 0;
    std::uint64_t fetched_bytes = 0;  // of these
    bool has_packages = false;        // it is one that `cairn repo` publishes into
};

/// Brings the copy to what the server has: every root from the first on, every role, every target. All
/// metadata is verified before anything is written, each target while it comes; then they are written so that
/// readers of the copy see its old or its new state, never a mix, whenever power fails. Targets that are
/// there with their length are not read again ("cairn repo verify" does), and nothing is ever removed.
///
/// Throws VerifyError for what a client would refuse, an older state than the copy has included; the copy
/// then stays as it is. Locks the directory.
MirrorResult mirror(const MirrorRequest& request, net::Transport& transport);

}  // namespace cairn::repo
