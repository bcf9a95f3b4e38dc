#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/tuf/metadata.h"

/// updates.json (FORMAT.md): which versions of an image there are, and who may take them when. Devices read
/// it with installer/update.
namespace cairn::repo {

/// Every device has a seed from 0 to 2047, which says in which wave it is.
inline constexpr unsigned seed_count = 2048;

struct Wave {
    tuf::Time start = 0;
    unsigned seeds_below = 0;
    friend bool operator==(const Wave&, const Wave&) = default;
};

/// What a maker says of a version beside its image. What is not given stays as it was published.
struct OfferTerms {
    std::optional<std::string> notes = {};
    std::optional<std::vector<Wave>> waves = {};    // starts and bounds rise; none: everybody, at once
    std::optional<std::string> version_floor = {};  // of all devices; never goes down
    std::optional<std::uint64_t> settings_floor = {};
    std::optional<std::string> channel = {};  // one more whose devices take it; none ever: those of all
};

/// The list with this version in it; `published` is null when there is none yet. Throws UsageError for terms
/// that devices would refuse, for a floor that is lower than the published one, and for a version below it.
Json add_version(Json published, const Json& manifest, const OfferTerms& terms);

}  // namespace cairn::repo
