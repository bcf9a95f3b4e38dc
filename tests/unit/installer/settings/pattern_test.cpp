#include "installer/settings/pattern.h"

#include <chrono>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::settings {
namespace {

bool is_match(std::string_view pattern, std::string_view text) {
    return Pattern::parse(pattern).is_match(text);
}

TEST(Pattern, MeansTheWholeText) {
    EXPECT_TRUE(is_match("abc", "abc"));
    EXPECT_FALSE(is_match("abc", "abcd"));
    EXPECT_FALSE(is_match("abc", "xabc"));
    EXPECT_FALSE(is_match("abc", ""));
    EXPECT_TRUE(is_match("", ""));
}

TEST(Pattern, RepeatsAndChooses) {
    EXPECT_TRUE(is_match("a{2,3}", "aa"));
    EXPECT_TRUE(is_match("a{2,3}", "aaa"));
    EXPECT_FALSE(is_match("a{2,3}", "a"));
    EXPECT_FALSE(is_match("a{2,3}", "aaaa"));
    EXPECT_TRUE(is_match("a{2,}", "aaaaaa"));
    EXPECT_FALSE(is_match("a{2}", "aaa"));
    EXPECT_TRUE(is_match("(ab|cd)+x?", "abcdab"));
    EXPECT_TRUE(is_match("(ab|cd)+x?", "cdx"));
    EXPECT_FALSE(is_match("(ab|cd)+x?", "x"));
    EXPECT_TRUE(is_match("(a*)*", "aaaa"));
    EXPECT_TRUE(is_match("a|", ""));
}

TEST(Pattern, KnowsSetsAndEscapes) {
    EXPECT_TRUE(is_match("[a-z0-9_-]+", "a-9_"));
    EXPECT_FALSE(is_match("[a-z]+", "aBc"));
    EXPECT_TRUE(is_match("[^/]+", "abc"));
    EXPECT_FALSE(is_match("[^/]+", "a/c"));
    EXPECT_TRUE(is_match(R"(\d{1,3}(\.\d{1,3}){3})", "192.0.2.1"));
    EXPECT_FALSE(is_match(R"(\d\.\d)", "1x2"));
    EXPECT_FALSE(is_match(".", "\n"));
}

TEST(Pattern, CountsLettersNotBytes) {
    EXPECT_TRUE(is_match(".", "ü"));
    EXPECT_TRUE(is_match("[ä-ü]{2}", "öü"));
    EXPECT_FALSE(is_match(".", "\xC3"));
    EXPECT_FALSE(is_match(".", "\xC0\x80"));
}

TEST(Pattern, SaysWhatIsWrongWithIt) {
    for (const char* wrong : {"(", ")", "a)", "[", "[]", "*", "a{", "a{2", "a{3,2}", "a{2000}", "a**", "^a",
                              "a$", "\\q", "\\", "[b-a]", "[[a]]", "(?:a)", "a{1,2}{"})
        EXPECT_THROW(Pattern::parse(wrong), UsageError) << wrong;
    EXPECT_THROW(Pattern::parse(std::string(100, '(') + std::string(100, ')')), UsageError);
    EXPECT_THROW(Pattern::parse("((a{1000}){1000}){1000}"), UsageError);
    EXPECT_THROW(Pattern::parse("((((){1000}){1000}){1000}){1000}"), UsageError);
}

TEST(Pattern, TakesNoLongerForTextThatIsMeantToTakeLong) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(is_match("(a|a|a)*(a|aa)*b", std::string(5000, 'a')));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace cairn::settings
