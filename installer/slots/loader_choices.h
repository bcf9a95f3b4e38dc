#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace cairn::slots {

/// Removes what would make the loader start something else than the boot files' names say: the EFI variables
/// LoaderEntryDefault and LoaderEntryOneShot, which a key press in its menu or another system leaves. All
/// boot state is on the disk. Gives the names of those removed; one that cannot be removed is left.
std::vector<std::string> remove_loader_choices(
    const std::filesystem::path& variables = "/sys/firmware/efi/efivars");

}  // namespace cairn::slots
