#pragma once

#include <filesystem>
#include <optional>

#include "pkg/archive/tree.h"
#include "pkg/archive/zstd.h"
#include "pkg/crypto/key.h"
#include "pkg/package/content.h"
#include "pkg/package/identity.h"

namespace cairn::package {

struct PackOptions {
    int level = archive::default_zstd_level;
    /// When set, every `*.ko` gets its signature appended while it is packed.
    std::optional<ModuleSigner> module_signer = {};
    /// `synced`: the file is on disk when make_package returns. Caches do without.
    enum class Durability { synced, unsynced } durability = Durability::unsynced;
};

/// What make_package made.
struct PackedPackage {
    std::filesystem::path path;
    crypto::Hash id;                 // names the package, see VerifiedHead::id
    std::uint64_t file_size = 0;     // of the package file
    std::uint64_t content_size = 0;  // of the files in it
};

/// Packs the files of `tree`, which are below `stage`, into one signed file. `tree` is what scan_tree gave,
/// perhaps with some entries left out (select_tree) or attributes changed; the files must not change
/// meanwhile. The same stage, tree, identity, level and keys give the same bytes. The file appears at
/// `output` whole or not at all, replacing what is there. Works on two threads in bounded memory. Throws
/// VerifyError for what a reader would refuse, Error when a file is not as `tree` says.
PackedPackage make_package(const std::filesystem::path& stage, const archive::FileTree& tree,
                           const Identity& identity, crypto::Signer& signer,
                           const std::filesystem::path& output, const PackOptions& options = {});

}  // namespace cairn::package
