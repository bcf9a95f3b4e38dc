#include "images/emulator/firmware.h"

#include <format>
#include <string>
#include <vector>

#include "pkg/base/error.h"

namespace cairn::emulator {

namespace {

namespace fs = std::filesystem;

struct Candidates {
    std::string package;
    std::vector<FirmwareFiles> files;
};

Candidates candidates_for(layout::Architecture architecture) {
    if (architecture == layout::Architecture::x86_64)
        return {"ovmf",
                {{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
                 {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"}}};
    return {"qemu-efi-aarch64", {{"/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"}}};
}

}  // namespace

FirmwareFiles find_firmware(layout::Architecture architecture) {
    const Candidates candidates = candidates_for(architecture);
    for (const FirmwareFiles& files : candidates.files)
        if (fs::exists(files.code) && fs::exists(files.variables)) return files;
    throw Error(std::format("no UEFI firmware for {} machines is installed", layout::to_text(architecture)))
        .detail("looked for", candidates.files.front().code)
        .hint(std::format("apt-get install {}", candidates.package));
}

FirmwareFiles make_firmware(layout::Architecture architecture, const fs::path& variables) {
    FirmwareFiles firmware = find_firmware(architecture);
    std::error_code error;
    if (!fs::exists(variables)) fs::copy_file(firmware.variables, variables, error);
    if (error)
        throw SystemError(std::format("cannot copy the firmware's variables to '{}'", variables.string()),
                          error.value());
    firmware.variables = variables;
    return firmware;
}

}  // namespace cairn::emulator
