#include "pkg/base/version_order.h"

#include <gtest/gtest.h>
#include <string_view>
#include <vector>

namespace cairn {
namespace {

TEST(CompareVersions, OrdersAsTheSpecificationDoes) {
    const auto lower = [](std::string_view left, std::string_view right) {
        EXPECT_TRUE(compare_versions(left, right) < 0) << left << " < " << right;
        EXPECT_TRUE(compare_versions(right, left) > 0) << right << " > " << left;
    };
    // The example row of the UAPI version format specification.
    const std::vector<std::string_view> row = {"122.1",   "123~rc1-1", "123",        "123-a", "123-a.1",
                                               "123-3",   "123-3.1",   "123^patch1", "123^1", "123.a-1",
                                               "123.1-1", "123a-1",    "124-1"};
    for (std::size_t i = 0; i + 1 < row.size(); ++i) lower(row[i], row[i + 1]);
    lower("1.2~rc1", "1.2");
    lower("1.2", "1.2-1");
    lower("1.2-1", "1.2^git");
    lower("1.2^git", "1.2.1");
    lower("1.9", "1.10");
    lower("1A", "1a");
    lower("a", "aa");
    lower("1.a", "1.0");
    lower("a", "0");
}

TEST(CompareVersions, SomeAreEqual) {
    for (const auto& [left, right] :
         {std::pair{"1.0", "1.0"}, std::pair{"1.01", "1.1"}, std::pair{"007", "7"}, std::pair{"1+0", "1+0"}})
        EXPECT_TRUE(compare_versions(left, right) == 0) << left << " " << right;
}

}  // namespace
}  // namespace cairn
