#pragma once

#include <optional>
#include <string_view>

namespace cairn::layout {

/// The machines that images are made for.
enum class Architecture { x86_64, aarch64 };

/// "x86_64" or "aarch64".
std::string_view to_text(Architecture architecture);
std::optional<Architecture> find_architecture(std::string_view text);

/// What differs between them where disks and firmware are concerned.
struct ArchitectureNames {
    std::string_view removable_loader;  // the file that firmware starts on any disk: "BOOTX64.EFI"
    std::string_view loader;            // systemd-boot under its own name: "systemd-bootx64.efi"
    std::string_view root_type;         // GUIDs of the Discoverable Partitions Specification
    std::string_view root_verity_type;
};

const ArchitectureNames& names_of(Architecture architecture);

}  // namespace cairn::layout
