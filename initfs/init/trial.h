#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "installer/slots/loader_report.h"
#include "installer/slots/trial.h"

/// What the rules of the boot files (installer/slots) ask of the first process: count the tries of a version
/// on trial where the firmware could not, and leave a version that does not come up any more.
namespace cairn::init {

/// What is known of this boot when the data partition is open.
struct BootFacts {
    slots::LoaderReport loader;
    std::vector<slots::BootFile> files;    // on the ESP; none when it cannot be read
    std::vector<slots::BootEvent> record;  // with this boot's attempt; none without data
    std::string boot;                      // the kernel's random id of this boot
    std::string root_hash;
};

struct TrialPlan {
    /// Which boot file this boot is from; empty when the loader does not tell.
    std::optional<slots::BootFile> file = {};
    bool is_on_trial = false;
    slots::TryPlan step = {};  // only on trial
    /// The running version is known to be good, or was: its file goes, and the machine restarts.
    std::optional<std::string> reason_to_leave = {};

    bool needs_writing() const { return step.step != slots::TryStep::go_on || reason_to_leave.has_value(); }
    bool leaves() const { return step.step == slots::TryStep::give_up || reason_to_leave.has_value(); }
    /// On trial: the tries left and done, once the plan is carried out; empty when unknown.
    std::optional<layout::TryCounter> tries() const;
    /// The boot file's name then; empty when unknown.
    std::string file_name() const;
};
/// Pure. `root_failure`: why the root cannot be opened, once that was tried.
TrialPlan plan_trial(const BootFacts& facts, const std::optional<std::string>& root_failure = {});

}  // namespace cairn::init
