#pragma once

#include <functional>
#include <string>
#include <vector>

#include "images/payload/image_json.h"
#include "installer/update/fill_slot.h"
#include "installer/update/look.h"
#include "pkg/net/transport.h"

/// Writing an update beside the running system: architecture §9, step 2. What may be stopped by power or
/// network between any two lines, and is gone on with by calling it again:
///
/// | step                                                    | what the loader starts meanwhile |
/// |----------------------------------------------------------|-----------------------------------|
/// | 1. remove every other version's boot files, sync         | the running version, known to be good, alone
/// | | 2. fill_slot: no superblock until the root is whole      | the same | | 3. boot file put together from
/// the new root, hash, staged | the same: it ignores staged files |
namespace cairn::update {

/// What will be done. Pure: see plan_prepare.
struct PreparePlan {
    slots::ImageVersion image;
    layout::Slot slot = layout::Slot::b;
    std::vector<slots::ImageVersion> removed;  // whose boot files go first
    friend bool operator==(const PreparePlan&, const PreparePlan&) = default;
};

/// What there is room for.
struct Room {
    std::uint64_t esp_bytes = 0;  // free
    std::uint64_t root_blocks = 0;
    std::uint64_t verity_blocks = 0;
};

/// Throws api::Conflict in any state that nothing may be prepared in: the running version is not known to be
/// good, a version is put on trial, or has failed it and is not judged yet; and when there is no room for the
/// root, its tree, or the boot file and, beside it, its good copy.
PreparePlan plan_prepare(const RunningSystem& running, const DeviceLook& look,
                         const payload::ImageDescription& wanted, const Room& room);

struct PrepareProgress {
    std::string step;        // "root", "boot file"
    std::uint64_t done = 0;  // bytes
    std::uint64_t total = 0;
};

/// Afterwards `version` is staged: a root that was read back and proven, and its boot file under a name that
/// the loader ignores. `transport` gives files below the repository's targets, by their paths. Throws as
/// TrustedTargets, check_may_follow, plan_prepare and fill_slot.
FillResult prepare_update(const Device& device, const std::string& version, net::Transport& transport,
                          const std::function<void(const PrepareProgress&)>& on_progress = {});

}  // namespace cairn::update
