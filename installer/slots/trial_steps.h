#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "installer/slots/boot_files.h"
#include "installer/slots/trial.h"

/// What trial.h decides, carried out: boot files, boot record and deny list in the order that survives a
/// power cut between any two of them. Each step that was stopped is called again, on what it left, until it
/// returns.
namespace cairn::slots {

/// Where a machine keeps what these steps change, and which boot they happen in.
struct BootState {
    BootFiles& files;
    std::filesystem::path record;
    std::filesystem::path deny_list;
    std::string boot;       // the kernel's random id of this boot
    std::int64_t time = 0;  // seconds since 1970
};

/// `trial` into the record, then the switch. On trial already: no second event, which would forget its tries.
void start_trial(const BootState& state, const ImageVersion& image, const std::string& root_hash);
/// Carries out `plan_try`. After `give_up` the caller reboots.
void apply_try(const BootState& state, const ImageVersion& image, const TryPlan& plan);
/// The running version is good: its counted file goes, `good` is recorded, and what was held is offered
/// again.
void confirm(const BootState& state, const ImageVersion& image, const std::string& root_hash);
/// On the deny list, then without boot files, then judged in the record.
void apply_fallback(const BootState& state, const FailedTrial& trial, const Fallback& fallback);
/// The running version denies itself and goes. The caller reboots.
void apply_rollback(const BootState& state, const RollbackPlan& plan);
/// A version known to be good that no longer comes up goes, with its cause. The caller reboots.
void give_up(const BootState& state, const ImageVersion& image, const std::string& root_hash,
             const std::string& cause);

}  // namespace cairn::slots
