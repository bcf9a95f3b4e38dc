#pragma once

#include "installer/daemon/update_control.h"

namespace cairn::daemon {

/// Which version this device takes, by installer/update's rules: what runs and what is denied as the helper
/// says, channel, pin, window, waves and seed as the settings say. `own_seed` is the machine's place in the
/// waves where none is set, as it was drawn by lot (installer/firstboot). Throws VerifyError for an
/// updates.json that is none, UsageError for a version that is asked for and not there.
Offer choose_offer(const OfferRequest& request, std::uint32_t own_seed, std::int64_t utc_offset);

}  // namespace cairn::daemon
