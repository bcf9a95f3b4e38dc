#include "pkg/base/text.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(Glob, StarStaysWithinOneComponent) {
    EXPECT_TRUE(is_glob_match("usr/lib/*.a", "usr/lib/libz.a"));
    EXPECT_FALSE(is_glob_match("usr/lib/*.a", "usr/lib/x/libz.a"));
}

TEST(Glob, DoubleStarCrossesComponents) {
    EXPECT_TRUE(is_glob_match("usr/include/**", "usr/include/sys/stat.h"));
    EXPECT_FALSE(is_glob_match("usr/include/**", "usr/include"));
    EXPECT_TRUE(is_glob_match("**/x.h", "x.h"));
    EXPECT_TRUE(is_glob_match("**/x.h", "a/b/x.h"));
    EXPECT_FALSE(is_glob_match("**/x.h", "a/b/yx.h"));
}

TEST(Glob, SetsMatchOneCharacter) {
    EXPECT_TRUE(is_glob_match("lib[a-c].so", "libb.so"));
    EXPECT_FALSE(is_glob_match("lib[!a-c].so", "libb.so"));
    EXPECT_FALSE(is_glob_match("lib[a-c].so", "lib/.so"));
}

TEST(Nearest, FindsTheMisspeltWordOnly) {
    const std::vector<std::string> words{"version", "license", "summary"};
    EXPECT_EQ(find_nearest("licence", words), "license");
    EXPECT_EQ(find_nearest("depends", words), std::nullopt);
}

TEST(ToOneLine, LeavesNothingThatEndsALineOrMovesACursor) {
    EXPECT_EQ(to_one_line("a\nb\x1b[2Jc\x7f\xc3\xa4"), "a b [2Jc \xc3\xa4");
}

TEST(GroupByFour, PutsASpaceAfterEachFourCharacters) {
    EXPECT_EQ(group_by_four("0123456789"), "0123 4567 89");
    EXPECT_EQ(group_by_four("0123"), "0123");
    EXPECT_EQ(group_by_four(""), "");
}

TEST(Hex, RoundTripsAndRefusesOddText) {
    const std::vector<std::uint8_t> bytes{0, 255, 16};
    EXPECT_EQ(to_hex(bytes), "00ff10");
    EXPECT_EQ(find_hex("00ff10"), bytes);
    EXPECT_EQ(find_hex("0"), std::nullopt);
    EXPECT_EQ(find_hex("zz"), std::nullopt);
}

TEST(Format, BytesAndDurationsReadWell) {
    EXPECT_EQ(format_bytes(999), "999 B");
    EXPECT_EQ(format_bytes(12'345'678), "12.3 MB");
    EXPECT_EQ(format_bytes(512'000'000), "512 MB");
    EXPECT_EQ(format_duration(std::chrono::milliseconds(20)), "0.02 s");
    EXPECT_EQ(format_duration(std::chrono::milliseconds(252'000)), "4 min 12 s");
}

TEST(Words, SplitOnAnyWhiteSpace) {
    EXPECT_EQ(split_words(" a\tb\n c "), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
}

TEST(Shell, QuotesWhatTheShellWouldChange) {
    EXPECT_EQ(quote_for_shell("a-b=c"), "a-b=c");
    EXPECT_EQ(quote_for_shell("it's $x"), "'it'\\''s $x'");
    EXPECT_EQ(quote_for_shell(""), "''");
}

}  // namespace
}  // namespace cairn
