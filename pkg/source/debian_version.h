#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace cairn::source {

/// Order of version numbers as Debian Policy 5.6.12 defines it, with epoch and revision.
std::strong_ordering compare_debian_versions(std::string_view left, std::string_view right);

/// The upstream part: without epoch and revision.
std::string_view upstream_part(std::string_view version);

/// What stays the same between releases that only repair: "6.12" of "6.12.117-1~deb12u1". Versions that are
/// one date
/// ("2025b", "20250419") all belong to one series, "".
std::string series_of(std::string_view version);

/// A file name of the pool taken apart.
struct PoolName {
    std::string package;
    std::string version;  // as it stands in the name: no epoch; of an orig archive without revision
    std::string kind;     // what two versions of the same thing share: ".orig.tar", ".debian.tar", "_all.deb"
    bool operator==(const PoolName&) const = default;
};

/// Empty for names of another form.
std::optional<PoolName> find_pool_name(std::string_view file);

}  // namespace cairn::source
