#pragma once

#include <compare>
#include <string_view>

namespace cairn {

/// The order of the UAPI version specification (near rpm's): "1.2~rc1" < "1.2" < "1.2-1" < "1.2^git" <
/// "1.2.1". Packages and images have it.
std::weak_ordering compare_versions(std::string_view left, std::string_view right);

}  // namespace cairn
