#include "pkg/solve/rank.h"

#include <gtest/gtest.h>
#include <random>

#include "pkg/base/version_order.h"

namespace cairn::solve {
namespace {

std::strong_ordering sign(std::weak_ordering order) {
    if (order < 0) return std::strong_ordering::less;
    return order > 0 ? std::strong_ordering::greater : std::strong_ordering::equal;
}

TEST(VersionRanks, StandInTheOrderOfVersions) {
    std::vector<std::string> versions = {"1.2~rc1", "1.2", "1.2-1", "1.2^git", "1.2.1",
                                         "1.02",    "2",   "10",    "9"};
    std::mt19937 random(7);
    const std::string_view letters = "0019aAz.~^-+";
    for (int i = 0; i < 300; ++i) {
        std::string version = "1";
        for (auto length = random() % 6; length > 0; --length) version += letters[random() % letters.size()];
        versions.push_back(version);
    }
    const VersionRanks ranks({versions.begin(), versions.end()});
    for (const std::string& left : versions)
        for (const std::string& right : versions)
            EXPECT_EQ(std::stoi(ranks.rank(left)) <=> std::stoi(ranks.rank(right)),
                      sign(compare_versions(left, right)))
                << left << " " << right;
}

TEST(VersionRanks, AreDecimalFromOneOn) {
    const VersionRanks ranks({"1.0", "2", "1.00", "0.9"});
    EXPECT_EQ(ranks.rank("0.9"), "1");
    EXPECT_EQ(ranks.rank("1.0"), "2");
    EXPECT_EQ(ranks.rank("1.00"), "2");
    EXPECT_EQ(ranks.rank("2"), "3");
}

}  // namespace
}  // namespace cairn::solve
