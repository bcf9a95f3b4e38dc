#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "installer/settings/image.h"
#include "installer/settings/places.h"

/// Settings into effect: files below `/etc`, and which services have to start again. For the process that may
/// write there; it believes nothing about the stored values and checks them against the image's schema.
namespace cairn::settings {

enum class Occasion {
    boot,    // before any service: every file is written, nothing has to start again, and it always ends well
    change,  // what differs from what was active before
};

struct ApplyRequest {
    Places places;
    Occasion occasion = Occasion::change;
    std::optional<Json> values;  // what is set; empty: what the store holds
    std::optional<gid_t> group;  // may read what is active; empty: only its owner
    std::string problem;         // at a boot: not empty where the store is not to be used; why
};

struct ApplyResult {
    std::vector<std::string> files;     // that were written: "etc/hostname"
    std::vector<std::string> services;  // to restart; sorted, each once
    std::string problem;                // at a boot: why the stored values are not in effect; empty: they are
    bool operator==(const ApplyResult&) const = default;
};

/// On a change, values that the schema does not allow or a template cannot write throw (InvalidSettings,
/// UsageError) before anything is written. At a boot they never do: the defaults take effect instead, and why
/// is in the result and in `places.problem()`, until settings take effect again.
///
/// Stopped between two files, the next call writes the rest: what is active is noted last.
ApplyResult apply_settings(const ApplyRequest& request);

/// What is set and active now; empty when nothing is yet. Throws VerifyError when it cannot be read.
std::optional<Json> find_active_values(const Places& places);

}  // namespace cairn::settings
