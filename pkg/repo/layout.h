#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "pkg/tuf/metadata.h"

/// Where things are in a repository, and how long what is signed holds. FORMAT.md draws it.
namespace cairn::repo {

inline constexpr std::string_view metadata_folder = "metadata";
inline constexpr std::string_view targets_folder = "targets";

inline constexpr std::string_view images_role = "images";      // all that a device reads
inline constexpr std::string_view packages_role = "packages";  // delegates to the bins
inline constexpr unsigned bin_count = 256;

/// What waits for signatures; no reader asks for it.
inline constexpr std::string_view pending_file = ".pending.json";

/// "packages-00" to "packages-ff".
std::string bin_name(unsigned bin);
bool is_bin(std::string_view role);
/// The bin of a target's name: the first byte of its SHA-256.
std::string bin_of_target(std::string_view target);

/// How long a role's metadata holds when it is signed, if its delegation says nothing else.
std::chrono::days lifetime_of(std::string_view role);

}  // namespace cairn::repo
