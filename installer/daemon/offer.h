#pragma once

#include "installer/daemon/update_control.h"

namespace cairn::daemon {

/// Which version this device takes, by installer/update's rules: what runs and what is denied as the helper
/// says, pin, window, waves and seed as the settings say. `machine_id` gives the seed where none is set.
/// Throws VerifyError for an updates.json that is none, UsageError for a version that is asked for and not
/// there.
Offer choose_offer(const OfferRequest& request, const std::string& machine_id, std::int64_t utc_offset);

}  // namespace cairn::daemon
