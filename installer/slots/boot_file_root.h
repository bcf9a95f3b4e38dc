#pragma once

#include <optional>
#include <string>

namespace cairn::slots {

/// The root that a boot file starts: the 64 hexadecimal digits of the first `roothash=` in its section
/// `.cmdline`, as `init` reads it. Empty for everything that is no such PE file. Only for telling slots
/// apart: the file may be anybody's.
std::optional<std::string> find_root_of_boot_file(int fd, const std::string& name);

}  // namespace cairn::slots
