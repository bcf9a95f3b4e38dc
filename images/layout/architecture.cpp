#include "images/layout/architecture.h"

namespace cairn::layout {
namespace {

constexpr ArchitectureNames x86_64_names = {.removable_loader = "BOOTX64.EFI",
                                            .loader = "systemd-bootx64.efi",
                                            .root_type = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
                                            .root_verity_type = "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"};
constexpr ArchitectureNames aarch64_names = {.removable_loader = "BOOTAA64.EFI",
                                             .loader = "systemd-bootaa64.efi",
                                             .root_type = "b921b045-1df0-41c3-af44-4c6f280d3fae",
                                             .root_verity_type = "df3300ce-d69f-4c92-978c-9bfb0f38d820"};

}  // namespace

std::string_view to_text(Architecture architecture) {
    return architecture == Architecture::x86_64 ? "x86_64" : "aarch64";
}

std::optional<Architecture> find_architecture(std::string_view text) {
    if (text == "x86_64") return Architecture::x86_64;
    if (text == "aarch64") return Architecture::aarch64;
    return std::nullopt;
}

const ArchitectureNames& names_of(Architecture architecture) {
    return architecture == Architecture::x86_64 ? x86_64_names : aarch64_names;
}

}  // namespace cairn::layout
