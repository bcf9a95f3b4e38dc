#pragma once

#include <string>

#include "images/payload/boot_parts.h"
#include "images/payload/image_json.h"
#include "installer/update/device.h"

namespace cairn::update {

/// Reads and checks what the signers say of a version of the running image. Throws as TrustedTargets, and
/// VerifyError when they speak of another version, image or architecture than they list it under.
payload::ImageDescription read_wanted_image(TrustedTargets& trusted, const RunningSystem& running,
                                            const std::string& version);
/// From which parts of its root the boot file is put together.
payload::BootParts read_boot_parts(TrustedTargets& trusted, const RunningSystem& running,
                                   const std::string& version);

/// Throws api::Conflict for a version that may not follow the running one: it is the same, below the floor of
/// the running image or of updates.json, not listed there with this root, or on the deny list.
void check_may_follow(const Device& device, TrustedTargets& trusted, const payload::ImageDescription& wanted);

}  // namespace cairn::update
