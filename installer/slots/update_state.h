#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "installer/slots/boot_files.h"

/// How far an update has come, derived from the ESP and the slots at each start; no file is believed about
/// it.
///
///     idle --prepare--> staged --activate--> ready --reboot--> it runs, on trial
///       ^                  ^---deactivate------'                    |  found good: idle
///       '------------------ the running version fell back: failed <-'  or not
///
/// `available`, the fourth state that people see, is idle with something newer in the repository.
namespace cairn::slots {

enum class UpdateStep {
    idle,    // nothing under way; a staged file without its root counts for nothing
    staged,  // root and boot file are written, the loader ignores them
    ready,   // the next boot tries it
    failed,  // its tries are used up; still to be judged (trial.h)
};
std::string_view to_text(UpdateStep step);

/// What the slots hold. The idle one counts as empty unless its tree's superblock is there, which prepare
/// writes last, and belongs to this version.
struct SlotContents {
    ImageVersion running;
    std::optional<ImageVersion> idle = {};
};

struct UpdateState {
    UpdateStep step = UpdateStep::idle;
    std::optional<ImageVersion> image = {};  // what is under way
    bool is_running_good = false;  // false: the running version is itself on trial; nothing may be prepared
    std::vector<ImageVersion> leftovers = {};  // versions whose boot files lead to no root: to be removed
    friend bool operator==(const UpdateState&, const UpdateState&) = default;
};

UpdateState derive_update_state(std::span<const BootFile> files, const SlotContents& slots);

}  // namespace cairn::slots
