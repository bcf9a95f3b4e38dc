#include "pkg/source/debian_version.h"

#include <gtest/gtest.h>

namespace cairn::source {
namespace {

TEST(CompareDebianVersions, OrdersAsPolicySays) {
    const char* ordered[] = {"1.0~~",      "1.0~~a",        "1.0~",   "1.0",      "1.0-1~deb12u1",
                             "1.0-1",      "1.0-1+deb12u1", "1.0-10", "1.0a",     "1.0+dfsg-1",
                             "1.0.1-1",    "1.2",           "1.10",   "6.12.9-1", "6.12.117-1~deb12u1",
                             "6.12.117-1", "1:0.1",         "2:0.1"};
    for (std::size_t i = 0; i < std::size(ordered); ++i)
        for (std::size_t j = 0; j < std::size(ordered); ++j)
            EXPECT_EQ(compare_debian_versions(ordered[i], ordered[j]), i <=> j)
                << ordered[i] << " " << ordered[j];
}

TEST(CompareDebianVersions, IgnoresLeadingZeros) {
    EXPECT_EQ(compare_debian_versions("1.01-1", "1.1-01"), std::strong_ordering::equal);
}

TEST(SeriesOf, KeepsMajorAndMinor) {
    EXPECT_EQ(series_of("6.12.117-1~deb12u1"), "6.12");
    EXPECT_EQ(series_of("1:1.3.dfsg+really1.3.1-1"), "1.3");
    EXPECT_EQ(series_of("3.5~rc1"), "3.5");
    EXPECT_EQ(series_of("34-2"), "34");
    EXPECT_EQ(series_of("2025.89-1"), "2025.89");
}

TEST(SeriesOf, TakesDatesAsOneSeries) {
    EXPECT_EQ(series_of("2025b"), series_of("2026a-0+deb13u1"));
    EXPECT_EQ(series_of("20250419"), series_of("20230311+deb12u1"));
}

TEST(FindPoolName, TakesNamesApart) {
    EXPECT_EQ(find_pool_name("zlib_1.3.dfsg.orig.tar.gz"), (PoolName{"zlib", "1.3.dfsg", ".orig.tar"}));
    EXPECT_EQ(find_pool_name("zlib_1.3-1.debian.tar.xz"), (PoolName{"zlib", "1.3-1", ".debian.tar"}));
    EXPECT_EQ(find_pool_name("musl_1.2.orig-extra.tar.gz"), (PoolName{"musl", "1.2", ".orig-extra.tar"}));
    EXPECT_EQ(find_pool_name("ca-certificates_20250419.tar.xz"),
              (PoolName{"ca-certificates", "20250419", ".tar"}));
    EXPECT_EQ(find_pool_name("linux-source-6.12_6.12.9-1~deb12u1_all.deb"),
              (PoolName{"linux-source-6.12", "6.12.9-1~deb12u1", "_all.deb"}));
    EXPECT_EQ(find_pool_name("README"), std::nullopt);
}

}  // namespace
}  // namespace cairn::source
