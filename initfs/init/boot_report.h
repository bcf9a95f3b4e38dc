#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "initfs/init/data.h"
#include "initfs/init/new_root.h"
#include "initfs/init/trial.h"

namespace cairn::init {

/// All that this boot found out, for everybody who comes later.
struct BootReport {
    Release release;
    disks::RootHash root_hash;
    std::string machine;  // what it calls itself
    std::string disk;     // node
    layout::Slot slot = layout::Slot::a;
    TrialPlan trial;  // carried out
    DataState data;
    std::uint64_t peak_bytes = 0;  // of memory, so far
};

/// The text of /run/cairn/boot.json; field names are in images/layout/boot_report.h.
std::string format_boot_report(const BootReport& report);

}  // namespace cairn::init
