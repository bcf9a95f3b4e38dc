#include "pkg/recipe/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::recipe {
namespace {

using ::testing::HasSubstr;

const std::string zlib = R"([package]
version = "1.3.1"
license = "Zlib"
summary = "compression library"

[[source]]
debian = { source = "zlib", file = "zlib_1.3.1.orig.tar.gz" }
sha256 = "9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23"

[build]
template = "autotools"
options = ["--static"]

[[split]]
name = "zlib-extra"
files = ["usr/bin/**"]

[[attributes]]
path = "usr/bin/ping"
mode = "0750"
capabilities = "cap_net_raw=ep"
)";

class ReadRecipe : public ::testing::Test {
  protected:
    Recipe read(const std::string& text) {
        make_directories(directory_.path() / "zlib");
        write_file(directory_.path() / "zlib" / "recipe.toml", text);
        return read_recipe(directory_.path(), "zlib");
    }
    std::string report(const std::string& from, const std::string& to) {
        const std::string text = replace_all(zlib, from, to);
        EXPECT_NE(text, zlib);
        try {
            read(text);
        } catch (const Error& error) {
            return error.report();
        }
        return "no error";
    }
    TemporaryDirectory directory_;
};

TEST_F(ReadRecipe, KeepsEveryField) {
    const Recipe recipe = read(zlib);
    EXPECT_EQ(recipe.version, "1.3.1");
    ASSERT_EQ(recipe.sources.size(), 1u);
    EXPECT_EQ(recipe.sources[0].name, "main");
    EXPECT_EQ(recipe.sources[0].strip, 1);
    EXPECT_EQ(recipe.build.build_template, Template::autotools);
    EXPECT_EQ(recipe.splits[0].name, "zlib-extra");
    EXPECT_EQ(recipe.attributes[0].mode, 0750u);
}

TEST_F(ReadRecipe, RefusesWhatItDoesNotUnderstand) {
    EXPECT_THAT(report("options", "optoins"), HasSubstr("did you mean 'options'?"));
    EXPECT_THAT(report("autotools", "autools"), HasSubstr("must be autotools, cmake"));
    EXPECT_THAT(report("[\"--static\"]", "3"), HasSubstr("recipe.toml:12:11"));
    EXPECT_THAT(report("zlib-extra", "Zlib"), HasSubstr("not a package name"));
    EXPECT_THAT(report("0750", "4755"), HasSubstr("setuid"));
    EXPECT_THAT(report("0750", "rwx"), HasSubstr("octal"));
    EXPECT_THAT(report("license = \"Zlib\"\n", ""), HasSubstr("'package.license' is missing"));
}

TEST_F(ReadRecipe, HashIsMandatoryAndWhole) {
    EXPECT_THAT(report("sha256 = \"9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23\"\n", ""),
                HasSubstr("mandatory"));
    EXPECT_THAT(report("9a93b2b7", "9a93"), HasSubstr("64 hexadecimal digits"));
}

TEST_F(ReadRecipe, SourcePathsCannotClimb) {
    EXPECT_THAT(report("zlib_1.3.1.orig.tar.gz", "../x"), HasSubstr("plain file name"));
    EXPECT_THAT(report("[build]", "patches = [\"../x\"]\n[build]"),
                HasSubstr("not a file beside the recipe"));
}

TEST_F(ReadRecipe, MeaningIgnoresCommentsAndKeyOrder) {
    const std::string meaning = canonical_meaning(read(zlib), Architecture::x86_64);
    EXPECT_EQ(canonical_meaning(read("# a comment\n" + zlib), Architecture::x86_64), meaning);
    EXPECT_EQ(canonical_meaning(read(replace_all(zlib, "template = \"autotools\"\noptions = [\"--static\"]",
                                                 "options = ['--static']\ntemplate = \"autotools\"")),
                                Architecture::x86_64),
              meaning);
    EXPECT_NE(canonical_meaning(read(replace_all(zlib, "--static", "--shared")), Architecture::x86_64),
              meaning);
}

TEST(PackageName, IsLowerCaseAndPlain) {
    EXPECT_TRUE(is_package_name("libstdc++6"));
    for (const char* name : {"", "-x", "A", "a b", "a/b", ".."}) EXPECT_FALSE(is_package_name(name)) << name;
}

}  // namespace
}  // namespace cairn::recipe
