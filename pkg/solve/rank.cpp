#include "pkg/solve/rank.h"

#include <algorithm>

#include "pkg/base/error.h"
#include "pkg/base/version_order.h"

namespace cairn::solve {

VersionRanks::VersionRanks(std::vector<std::string_view> versions) {
    std::ranges::sort(versions);
    versions.erase(std::ranges::unique(versions).begin(), versions.end());
    std::ranges::stable_sort(versions, [](std::string_view left, std::string_view right) {
        return compare_versions(left, right) < 0;
    });
    std::size_t rank = 0;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        if (i == 0 || compare_versions(versions[i - 1], versions[i]) != 0) ++rank;
        ranks_.emplace(versions[i], std::to_string(rank));
    }
}

const std::string& VersionRanks::rank(std::string_view version) const {
    const auto place = ranks_.find(version);
    CHECK(place != ranks_.end());
    return place->second;
}

}  // namespace cairn::solve
