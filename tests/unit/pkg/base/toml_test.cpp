#include "pkg/base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string report_of(auto&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.report();
    }
    return "no error";
}

TEST(Toml, UnknownKeyNamesPlaceAndNearestKey) {
    TomlTable table = TomlTable::parse("version = \"1\"\nlicence = \"x\"\n", "r.toml");
    table.find_string("version");
    table.find_string("license");
    const std::string report = report_of([&] { table.finish(); });
    EXPECT_THAT(report, HasSubstr("unknown key 'licence'"));
    EXPECT_THAT(report, HasSubstr("r.toml:2:1"));
    EXPECT_THAT(report, HasSubstr("did you mean 'license'?"));
}

TEST(Toml, MissingKeyThatIsMisspeltNamesTheMisspeltOne) {
    TomlTable table = TomlTable::parse("license = \"x\"\nverison = \"1\"\n", "r.toml");
    const std::string report = report_of([&] { table.required_string("version"); });
    EXPECT_THAT(report, HasSubstr("'version' is missing"));
    EXPECT_THAT(report, HasSubstr("r.toml:2:1"));
    EXPECT_THAT(report, HasSubstr("'verison' stands there; did you mean 'version'?"));
}

TEST(Toml, MissingKeyWithNothingAlikeNamesTheTable) {
    TomlTable table = TomlTable::parse("license = \"x\"\n", "r.toml");
    EXPECT_THAT(report_of([&] { table.required_string("version"); }), Not(HasSubstr("did you mean")));
}

TEST(Toml, WrongTypeNamesPlaceAndBothTypes) {
    TomlTable table = TomlTable::parse("[build]\nneeds = [1]\n", "r.toml");
    TomlTable build = *table.find_table("build");
    const std::string report = report_of([&] { build.strings("needs"); });
    EXPECT_THAT(report, HasSubstr("'build.needs' must be a list of strings, but holds an integer"));
    EXPECT_THAT(report, HasSubstr("r.toml:2:"));
}

TEST(Toml, LettersThatAreNotAsciiStandInStringsOnly) {
    EXPECT_EQ(TomlTable::parse("a = \"\u00e9\" # \u00e9\n", "r.toml").required_string("a"), "\u00e9");
    for (const char* const text :
         {"\u00e9 = 1\n", "a = \u00e9\n", "a \u03b1= 1\n", "[\u2c60]\n", "a = 1 \ufefe\n"})
        EXPECT_THROW(TomlTable::parse(text, "r.toml"), UsageError) << text;
}

TEST(Toml, SyntaxErrorNamesPlace) {
    EXPECT_THAT(report_of([] { TomlTable::parse("a = \n", "r.toml"); }), HasSubstr("r.toml:1:"));
}

TEST(Toml, MissingRequiredKeyIsNamed) {
    TomlTable table = TomlTable::parse("", "r.toml");
    EXPECT_THAT(report_of([&] { table.required_string("version"); }), HasSubstr("'version' is missing"));
}

TEST(Toml, ReadsListsOfTables) {
    TomlTable table = TomlTable::parse("[[s]]\nn = \"a\"\n[[s]]\nn = \"b\"\n", "r.toml");
    std::vector<TomlTable> tables = table.tables("s");
    ASSERT_EQ(tables.size(), 2u);
    EXPECT_EQ(tables[1].required_string("n"), "b");
    table.finish();
}

TEST(Toml, GivesAnyValueAsJson) {
    TomlTable table = TomlTable::parse("a = [1, true, \"x\"]\nb = { c = { d = -1 } }\ne = 1.5\n", "r.toml");
    EXPECT_EQ(table.find_json("a"), Json::parse(R"([1, true, "x"])"));
    EXPECT_EQ(table.find_json("b"), Json::parse(R"({"c": {"d": -1}})"));
    EXPECT_EQ(table.find_json("f"), std::nullopt);
    EXPECT_THAT(report_of([&] { table.find_json("e"); }), HasSubstr("r.toml:3:"));
    table.finish();
}

TEST(Toml, SaysWhereAValueStands) {
    TomlTable table = TomlTable::parse("x = 1\n[t]\na = 1\n", "r.toml");
    TomlTable inner = table.find_table("t").value();
    EXPECT_EQ(inner.place("a"), "r.toml:3:5");
    EXPECT_EQ(inner.place("b"), "r.toml:2:1");
}

}  // namespace
}  // namespace cairn
