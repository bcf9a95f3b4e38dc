#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "images/layout/architecture.h"
#include "images/layout/partitions.h"
#include "pkg/base/json.h"

namespace cairn::assemble {

/// What an image holds, read from images/definitions/<name>.toml for one architecture. The keys are described
/// in images/README.md.
struct ImageDefinition {
    std::string name;
    std::string version;
    layout::Architecture architecture = layout::Architecture::x86_64;
    std::string date;        // RFC 3339, UTC: "2026-11-20T00:00:00Z"
    std::uint64_t time = 0;  // the same in seconds since 1970: the time of everything in the image
    std::string summary;
    std::vector<std::string> packages;         // of the root
    std::vector<std::string> initfs_packages;  // of the first file system, besides modules and firmware
    std::vector<std::string> driver_groups;
    std::vector<std::string> kernel_arguments;
    layout::PartitionSizes sizes;
    std::uint32_t sector_size = 512;           // of the disks that disk.img is for: 512 or 4096 bytes
    std::string version_floor;                 // oldest version that a device may go back to; empty: none
    std::string update_repository;             // address; empty: the image has no updates
    std::filesystem::path trusted_root;        // TUF root to put into the image; empty: none
    Json settings = Json::object();            // defaults in the place of the packages'
    std::int64_t settings_format = 1;          // of the store; migrations lead from one to the next
    std::string first_boot = "allow";          // the file of first-boot settings: allow, signed or forbid
    std::string first_boot_key;                // who signs it: Ed25519, 64 hexadecimal digits
    std::vector<std::filesystem::path> files;  // the definition and those that it extends

    friend bool operator==(const ImageDefinition&, const ImageDefinition&) = default;
};

/// Reads `<directory>/<name>.toml` and what it extends. Throws UsageError with file, line and column for
/// unknown keys, wrong types and values out of their patterns; for an unknown name it lists those that there
/// are.
ImageDefinition read_definition(const std::filesystem::path& directory, std::string_view name,
                                layout::Architecture architecture);

/// Names of all definitions in a directory, sorted.
std::vector<std::string> definition_names(const std::filesystem::path& directory);

/// What the root is made of: the definition's packages and those that every image has (kernel, loader). To
/// these come the packages of its driver groups, see driver_packages.
std::vector<std::string> root_packages(const ImageDefinition& definition);

/// One for each driver group. A group that has no modules of its own makes no package: leave out what is not
/// there.
std::vector<std::string> driver_packages(const ImageDefinition& definition);

/// Seconds since 1970 of "2026-11-20T00:00:00Z"; the only form taken is UTC in whole seconds. Throws
/// UsageError.
std::uint64_t parse_date(std::string_view text);

}  // namespace cairn::assemble
