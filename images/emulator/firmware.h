#pragma once

#include <filesystem>

#include "images/layout/architecture.h"

namespace cairn::emulator {

/// UEFI firmware for one machine: its code, never written, and the store of its variables, which belongs to
/// the machine.
struct FirmwareFiles {
    std::filesystem::path code;
    std::filesystem::path variables;
};

/// Where this system has the firmware: Debian's packages ovmf and qemu-efi-aarch64, without Secure Boot.
/// `variables` is the empty store, to be copied. Throws Error with the package to install.
FirmwareFiles find_firmware(layout::Architecture architecture);

/// The firmware with its own copy of the variables at `variables`; one that is there already is used as it
/// is.
FirmwareFiles make_firmware(layout::Architecture architecture, const std::filesystem::path& variables);

}  // namespace cairn::emulator
