#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "images/layout/architecture.h"

/// Unified kernel images as the UAPI specification describes them: systemd's stub, a PE program, with the
/// parts of a boot appended as sections.
namespace cairn::assemble {

/// What a boot file is put together from. The spans are borrowed.
struct UkiParts {
    layout::Architecture architecture = layout::Architecture::x86_64;
    std::span<const std::uint8_t> stub;
    std::span<const std::uint8_t> kernel;  // bzImage, or AArch64's Image
    std::span<const std::uint8_t> initfs;
    std::string os_release;
    std::string command_line;
    std::string kernel_release;  // as `uname -r` says
    std::string sbat;            // lines for the SBAT section, below those that the stub brings
    std::uint32_t time = 0;      // for the PE header
};

/// Appends .linux, .osrel, .cmdline, .initrd, .uname (and .sbat, unless the stub has one whose room it fits
/// into) in this order, which is also the order of measurement. Same parts, same bytes; nothing of the
/// machine or the time gets in.
///
/// Throws Error when the stub is not a program for this architecture, is signed, or has no room in its header
/// for the sections.
std::vector<std::uint8_t> make_uki(const UkiParts& parts);

}  // namespace cairn::assemble
