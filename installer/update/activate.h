#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "installer/slots/trial.h"
#include "installer/update/look.h"

/// The switches between versions: one rename each. Every one throws api::Conflict, and changes nothing, in a
/// state that it makes no sense in.
namespace cairn::update {

/// Asked before the switch with the top of the root that is to be booted; what it throws refuses the switch.
using TryRoot = std::function<void(const std::filesystem::path& root)>;

/// What is staged is tried at the next boot. Slot and boot file are read once more before, and compared with
/// the signed metadata, which must still hold; the deny list and the floor too. Gives what was put on trial.
slots::ImageVersion activate_update(const Device& device, const TryRoot& try_root = {});

/// What is to be tried is only staged again. Not once a try was done.
void deactivate_update(const Device& device);

/// The running version denies itself and removes its boot files. The caller restarts. The other one must be
/// known to be good, and its root be in its slot.
slots::RollbackPlan roll_back(const Device& device);

}  // namespace cairn::update
