#pragma once

#include "installer/firstboot/prepare.h"

namespace cairn::firstboot {

/// Mounts the ESP of a disk at `place`, nosuid, nodev, noexec, while work is done on it; checks it first.
WithEsp with_esp_of(std::filesystem::path disk, std::filesystem::path place);

/// prepare_device for the machine that this runs on: its disk and whether its data is kept as the first
/// process found them (/run/cairn/boot.json), its daemon (images/users.toml), its clock. As root.
PrepareReport prepare_this_device();

}  // namespace cairn::firstboot
