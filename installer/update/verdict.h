#pragma once

#include <optional>
#include <string>

#include "installer/slots/trial.h"
#include "installer/update/look.h"

/// What becomes of a boot once somebody has looked whether it is good: architecture §8.
namespace cairn::update {

/// This boot came as far as the device API, whatever its health: it is not lost.
void note_reached(const Device& device);

/// This boot was found good: a version on trial is known to be good from now on, and what was held is offered
/// again.
void confirm_boot(const Device& device);

enum class AfterFailure { goes_on, restarts };
/// This boot was found not good; the cause is recorded. `restarts`: it is on trial, and the caller restarts.
AfterFailure fail_boot(const Device& device, const std::string& cause);

/// The running version, known to be good, judges one that failed its trial: it is denied, or held when the
/// running version fails too (`older_failure` says how), and goes. Empty when there is none. Throws
/// api::Conflict while the running version is not known to be good.
std::optional<slots::Fallback> judge_trial(const Device& device,
                                           const std::optional<std::string>& older_failure);

/// The next boot makes the data partition anew: all that is on it goes. The caller restarts.
void ask_for_new_data(const Device& device);

/// Throws api::NotFound when the version is not on the deny list.
void clear_denied(const Device& device, const std::string& version);

}  // namespace cairn::update
