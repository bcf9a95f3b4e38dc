#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "images/layout/architecture.h"
#include "images/layout/boot_file_name.h"
#include "images/layout/partitions.h"
#include "installer/slots/trial_steps.h"
#include "installer/update/machine.h"
#include "installer/update/trusted_targets.h"
#include "pkg/crypto/hash.h"

namespace cairn::update {

/// The version that runs, as the first process found it and as it says of itself. Nobody can have changed
/// either since.
struct RunningSystem {
    slots::ImageVersion image;
    layout::Architecture architecture = layout::Architecture::x86_64;
    crypto::Hash root_hash;
    layout::Slot slot = layout::Slot::a;
    std::filesystem::path disk;                    // its device node
    std::optional<layout::TryCounter> tries = {};  // on trial, when this boot began
    bool has_data = true;                          // false: nothing that is written below /var stays
    tuf::Time build_time = 0;        // no clock of a machine that runs it can be right and show less
    std::string version_floor = {};  // the oldest version that it may be followed by; empty: none

    layout::Slot idle_slot() const { return slot == layout::Slot::a ? layout::Slot::b : layout::Slot::a; }
};

/// Reads /run/cairn/boot.json and /usr/lib/cairn/release.json below `root`. Throws Error when they are not as
/// they should be.
RunningSystem read_running_system(const std::filesystem::path& root = "/");

/// A machine with what an update needs to know of it. Plain values and borrowed powers; `now` is asked once
/// by each step.
struct Device {
    Machine& machine;
    RunningSystem running;
    TrustFolders trust = {};
    std::filesystem::path record = "/var/lib/cairn/boots";
    std::filesystem::path deny_list = "/var/lib/cairn/update/denied.json";
    std::string boot;  // the kernel's random id of this boot
    std::function<tuf::Time()> clock = {};

    /// The clock's time, but not before the image was built.
    tuf::Time now() const { return std::max(clock(), running.build_time); }
    slots::BootState boot_state(slots::BootFiles& files) const {
        return {.files = files, .record = record, .deny_list = deny_list, .boot = boot, .time = clock()};
    }
};

}  // namespace cairn::update
