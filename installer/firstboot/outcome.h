#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "installer/settings/places.h"

namespace cairn::firstboot {

/// What came of looking for first-boot settings; kept for good in the settings' directory (FORMAT.md). While
/// it is there nobody looks again.
struct Outcome {
    enum class Kind { none, accepted, refused };
    Kind kind = Kind::none;
    std::int64_t time = 0;              // seconds since 1970
    std::string why;                    // refused: the error's report
    std::vector<std::string> settings;  // accepted: paths of what was set, never values
    bool is_removed = true;             // accepted: the file is gone; false: removing it has yet to be done
    bool operator==(const Outcome&) const = default;
};

/// Empty: nobody has looked yet. Throws VerifyError when it cannot be read.
std::optional<Outcome> find_outcome(const settings::Places& places);
/// As the owner of the settings' directory.
void write_outcome(const settings::Places& places, const Outcome& outcome);

}  // namespace cairn::firstboot
