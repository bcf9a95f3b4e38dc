#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "images/layout/boot_file_name.h"
#include "images/layout/guid.h"

/// What the boot loader tells the system that it started, in EFI variables that live only until the next
/// reset (systemd's Boot Loader Interface).
namespace cairn::slots {

struct LoaderReport {
    /// The EFI system partition that the boot file was read from: it names the disk. Empty when the kernel
    /// was not started through the loader or the stub.
    std::optional<layout::Guid> partition = {};
    /// The boot file's name, as it is now called in EFI/Linux. Empty when unknown.
    std::string boot_file = {};
    /// Only for a version on trial: the tries left and done, this boot already counted.
    std::optional<layout::TryCounter> counter = {};
    friend bool operator==(const LoaderReport&, const LoaderReport&) = default;
};

/// Reads the variables from a mounted efivarfs. Variables that are missing or make no sense count as not
/// there.
LoaderReport read_loader_report(const std::filesystem::path& variables = "/sys/firmware/efi/efivars");

}  // namespace cairn::slots
