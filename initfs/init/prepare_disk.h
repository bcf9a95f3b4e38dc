#pragma once

#include <string>

#include "initfs/init/boot.h"
#include "initfs/init/data.h"
#include "initfs/init/root_disk.h"
#include "initfs/init/trial.h"

namespace cairn::init {

struct PreparedDisk {
    DataState data;
    TrialPlan trial;  // carried out
};

/// What happens on the disk before the root is touched: data is opened, the attempt recorded, the rules of
/// trial and fallback followed. From then on a boot that goes wrong leaves a trace. Restarts the machine when
/// these rules say that this version leaves. An ESP that is damaged is said; only the rules are then without
/// effect.
PreparedDisk prepare_disk(Boot& boot, const RootDisk& disk);

/// The root cannot be opened: a version that was good leaves, if another good one is there, and the machine
/// restarts. Returns when it does not.
void leave_without_root(Boot& boot, const RootDisk& disk, const std::string& failure);

}  // namespace cairn::init
