#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "installer/disks/verity.h"

namespace cairn::init {

/// What the kernel's command line asks of the first process.
struct BootParameters {
    disks::RootHash root_hash;
    /// How long to wait for the disk (`cairn.wait=SECONDS`, at most 600).
    std::chrono::seconds wait{30};
    /// Later `roothash=` words, which are refused: the loader or the machine's SMBIOS may append to the
    /// command line, and only what came first was signed.
    std::vector<std::string> refused = {};
    friend bool operator==(const BootParameters&, const BootParameters&) = default;
};

/// Words are separated by blanks; double quotes hold a word together, as the kernel reads them. Throws
/// UsageError without a root hash, or when the first one is none.
BootParameters parse_command_line(std::string_view text);

}  // namespace cairn::init
