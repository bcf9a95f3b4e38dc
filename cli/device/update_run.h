#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "cli/device/device.h"

namespace cairn::device {

/// Waits for a prepare that is under way on the device, showing its steps. `before` is the status'
/// `most_recent_command` from before it began. Gives the last status. Throws Error when the prepare fails;
/// `Interrupted` when the person stops waiting; NetworkError when the device does not answer for a while.
/// The prepare itself goes on in the last two cases.
Json wait_for_prepare(Device& device, const Json& before);

/// Ctrl-C while waiting.
class Interrupted : public Error {
    using Error::Error;
};

/// Whether the device is done with the prepare that was begun after `before`.
bool is_prepare_over(const Json& status, const Json& before);

}  // namespace cairn::device
