#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "images/payload/boot_parts.h"

namespace cairn::payload {

/// A file of the root that a boot file was made from. The bytes are borrowed.
struct BootSource {
    std::string file;  // "usr/lib/cairn/boot/vmlinuz"
    std::span<const std::uint8_t> bytes;
};

/// Finds the sources in a finished boot file, whatever was put between them or patched in them: a source that
/// begins, and one that goes on behind bytes that were changed. Put together again the parts are the boot
/// file. Throws Error when too much of it is in none of the sources for a device to take it.
BootParts make_boot_parts(std::span<const std::uint8_t> boot_file, const std::vector<BootSource>& sources);

}  // namespace cairn::payload
