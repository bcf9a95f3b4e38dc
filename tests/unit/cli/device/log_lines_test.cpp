#include "cli/device/log_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::device {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> new_lines(const std::string& before, const std::string& now) {
    const auto old_lines = split_lines(before);
    const auto lines = split_lines(now);
    const auto fresh = find_new_lines(old_lines, lines);
    return {fresh.begin(), fresh.end()};
}

TEST(LogLines, OnlyWhatWasNotThereIsNew) {
    EXPECT_THAT(new_lines("a\nb\n", "a\nb\n"), IsEmpty());
    EXPECT_THAT(new_lines("a\nb\n", "a\nb\nc\n"), ElementsAre("c"));
    EXPECT_THAT(new_lines("a\nb\n", "b\nc\nd\n"), ElementsAre("c", "d"));
    EXPECT_THAT(new_lines("a\na\n", "a\na\na\n"), ElementsAre("a"));
    EXPECT_THAT(new_lines("a\nb\n", "x\ny\n"), ElementsAre("x", "y"));
    EXPECT_THAT(new_lines("", "a\n"), ElementsAre("a"));
}

}  // namespace
}  // namespace cairn::device
