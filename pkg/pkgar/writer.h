#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pkg/package/reader.h"

namespace cairn::pkgar {

struct Written {
    std::uint64_t file_size = 0;
    std::size_t entries = 0;
    /// What pkgar has no place for, as sentences: "empty directories: usr/share/empty".
    std::vector<std::string> lost;
};

/// Writes a package's files and links as a pkgar file, unpacked (`Packing::raw`), signed by `signer`; the
/// names of a hard link share their data. The file appears whole or not at all. Throws UsageError for a path
/// of more than 255 bytes.
Written write_pkgar(const package::PackageReader& package, crypto::Signer& signer,
                    const std::filesystem::path& output);

}  // namespace cairn::pkgar
