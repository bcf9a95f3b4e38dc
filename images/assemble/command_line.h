#pragma once

#include <string>
#include <vector>

#include "images/layout/architecture.h"
#include "pkg/crypto/hash.h"

namespace cairn::assemble {

/// The kernel's command line: the root hash first, then what every image has (`gpt`, consoles, panic,
/// lockdown), then the definition's own arguments. Throws UsageError for an argument that is no single word,
/// or that would say again what only the image may say: a root hash, or another program as first process.
std::string make_command_line(const crypto::Hash& root_hash, layout::Architecture architecture,
                              const std::vector<std::string>& extra);

}  // namespace cairn::assemble
