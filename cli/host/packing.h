#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cli/host/session.h"
#include "pkg/package/reader.h"

namespace cairn::host {

/// The packages of one recipe's output, in the store.
struct PackedOutput {
    crypto::Hash key;  // of everything that the packages are made from
    std::filesystem::path directory;
};

/// What the packages of this output are named by: the output itself, what the recipe says of them, the users
/// table and the public keys. The same key: the same bytes.
crypto::Hash package_key(const build::StagedTree& staged, Session& session);

/// Packs and signs an output, unless the store has its packages.
PackedOutput pack_output(const build::StagedTree& staged, Session& session);

/// Opens every package of the outputs, heads verified against our own key. A damaged package directory is
/// dropped and made again.
std::vector<package::PackageReader> open_packages(const std::map<std::string, build::StagedTree>& staged,
                                                  Session& session);

}  // namespace cairn::host
