#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::solve {

/// Turns versions into numbers that stand in the order of compare_versions, so that a library with
/// an order of its own can only agree with ours. Equivalent versions ("1.0", "1.00") have the same number.
class VersionRanks {
  public:
    /// All versions that will be asked for, in any order, with repetitions.
    explicit VersionRanks(std::vector<std::string_view> versions);

    /// From 1 on, in decimal. The version must be one of those given.
    const std::string& rank(std::string_view version) const;

  private:
    std::map<std::string, std::string, std::less<>> ranks_;
};

}  // namespace cairn::solve
