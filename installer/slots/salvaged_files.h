#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/dir.h"

/// What fsck.fat keeps of files that a power cut left without a name: "FSCK0000.REC" and so on in the top
/// folder of the ESP, each as large as the boot file that was being written. They are of no use to anybody,
/// and would fill the ESP one power cut after another.
namespace cairn::slots {

bool is_salvaged_name(std::string_view name);

/// Removes them from the top folder of an ESP that is mounted writable. Gives their names.
std::vector<std::string> remove_salvaged_files(const Dir& top);

}  // namespace cairn::slots
