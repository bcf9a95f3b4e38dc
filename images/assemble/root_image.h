#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "images/layout/guid.h"

namespace cairn::assemble {

/// The read-only root file system: an uncompressed EROFS made from a tar stream.
struct RootImageRequest {
    std::filesystem::path mkfs;  // mkfs.erofs 1.8 or newer
    std::filesystem::path output;
    std::uint64_t time = 0;  // seconds since 1970: of the file system and of every file
    layout::Guid uuid;
    /// Writes the whole tar stream to the descriptor; called once, while mkfs.erofs runs.
    std::function<void(int fd)> write_tar;
};

/// Runs mkfs.erofs on the stream. Files start at block borders and no block depends on the version of another
/// (no inline tails, no compression): what two versions share stays the same blocks. Gives the size of the
/// output, a multiple of 4096. An error of the stream's writer comes before one of mkfs.erofs.
std::uint64_t write_root_image(const RootImageRequest& request);

/// Throws UsageError when a root is larger than its slot: by how much, and which packages are the largest.
/// `sizes` are bytes by package name.
void check_root_fits(std::uint64_t root_size, std::uint64_t slot_size,
                     const std::map<std::string, std::uint64_t>& sizes);

}  // namespace cairn::assemble
