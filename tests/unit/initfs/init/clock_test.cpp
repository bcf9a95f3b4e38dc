#include "initfs/init/clock.h"

#include <gtest/gtest.h>

namespace cairn::init {
namespace {

TEST(Clock, ReadsAnImagesBuildTime) {
    EXPECT_EQ(find_utc_time("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(find_utc_time("2026-11-20T23:59:58Z"), 1'795'219'198);
    for (const char* wrong :
         {"", "2026-11-20", "2026-11-20T00:00:00", "2026-11-20T00:00:00+00:00", "2026-13-20T00:00:00Z",
          "2026-02-29T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20 00:00:00Z", "x026-11-20T00:00:00Z"})
        EXPECT_FALSE(find_utc_time(wrong)) << wrong;
}

TEST(Clock, ThatIsRightIsLeftAlone) {
    EXPECT_FALSE(set_clock_not_before(1'000'000'000));
}

}  // namespace
}  // namespace cairn::init
