#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/dir.h"

namespace cairn::stick {

/// The folder of a stick that a repository may be in; the other place is the stick's top.
inline constexpr std::string_view repository_folder = "cairn-repository";

/// A name is looked for by reading a FAT directory from its start: one that never ends would keep whoever
/// asks for it. A repository with hundreds of versions stays far below.
inline constexpr std::uint64_t largest_directory = std::uint64_t{8} << 20;

/// Where below `top` a repository lies: "" is the top itself. Empty when neither place looks like one: a
/// folder `metadata` with a file `timestamp.json`, and a folder `targets`, none of them reached through a
/// link. What they hold is for the signatures to prove. Throws VerifyError for a directory of more than
/// `largest` bytes, SystemError when the file system cannot be read.
std::optional<std::string> find_repository(const Dir& top, std::uint64_t largest = largest_directory);

}  // namespace cairn::stick
