#pragma once

#include <optional>
#include <string>
#include <vector>

#include "installer/slots/update_state.h"
#include "installer/update/device.h"

namespace cairn::update {

/// The version in the slot that does not run.
struct OtherVersion {
    slots::ImageVersion image;
    crypto::Hash root_hash;
    bool is_good = false;
    friend bool operator==(const OtherVersion&, const OtherVersion&) = default;
};

/// What ESP and slots hold. Nothing else is asked: what an update has come to is derived from this alone.
struct DeviceLook {
    std::vector<slots::BootFile> files;
    std::optional<OtherVersion> other = {};
    slots::UpdateState state;
};

/// The idle slot holds the version whose boot file starts a root with the half of the root hash that the
/// slot's superblock has; without such a file it holds nothing.
DeviceLook look_at_device(const Device& device, const slots::BootFiles& files);

}  // namespace cairn::update
