#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "images/assemble/definition.h"
#include "images/assemble/metadata.h"
#include "images/assemble/packaged_tree.h"
#include "pkg/crypto/hash.h"

namespace cairn::assemble {

struct AssembleInput {
    ImageDefinition definition;
    PackagedTree root;             // packages of the root, with kernel, loader and driver groups
    PackagedTree initfs_packages;  // definition.initfs_packages
    KeyKind keys = KeyKind::development;
    std::filesystem::path mkfs_erofs;  // 1.8 or newer
    std::filesystem::path output;      // the folder above the image's own: "out"
    unsigned threads = 2;
    /// Told before each step what is done next ("hash tree"); may be empty.
    std::function<void(std::string_view step)> on_step = {};
};

/// A finished image on disk.
struct Image {
    std::string name;
    std::string version;
    layout::Architecture architecture = layout::Architecture::x86_64;
    std::filesystem::path directory;  // <output>/<name>-<architecture>
    std::filesystem::path disk;       // disk.img in it
    std::filesystem::path boot_file;
    std::filesystem::path manifest;
    crypto::Hash root_hash;
    std::uint64_t root_size = 0;  // bytes of root.erofs
    std::uint64_t boot_file_size = 0;
    std::uint64_t initfs_size = 0;
};

/// The step from a root tree to image files: disk.img, root.erofs, root.verity, <name>_<version>.efi,
/// boot.json (what the last is put together from on a device, images/payload/FORMAT.md), manifest.json,
/// sbom.spdx.json, SHA256SUMS (FORMAT.md). Same input, same bytes.
///
/// Everything is made in a folder beside and takes the place of an older image at once, by one rename:
/// stopped at any moment, the older image is there whole. What a killed run left behind is removed by the
/// next one. Only one run at a time works on an image; another waits.
Image assemble_image(const AssembleInput& input);

/// Where an image is, or would be: "out/base-x86_64".
std::filesystem::path image_directory(const std::filesystem::path& output, std::string_view name,
                                      layout::Architecture architecture);

}  // namespace cairn::assemble
