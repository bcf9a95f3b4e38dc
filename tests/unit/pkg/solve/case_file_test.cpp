#include "pkg/solve/case_file.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::solve {
namespace {

TEST(ParseCase, ReadsPackagesAndAJob) {
    const Case read = parse_case(
        "# a root\n"
        "architecture aarch64\n"
        "\n"
        "installed editor 1.0 from stick\n"
        "  depends zlib, libui >= 2\n"
        "available fonts 3 any\n"
        "  provides glyphs = 3\n"
        "  conflicts oldfonts\n"
        "  replaces oldfonts < 2\n"
        "install fonts, so:libz.so.1\n"
        "remove editor\n"
        "hold kernel\n"
        "upgrade *\n"
        "upgrade shell\n"
        "cascade",
        "a.txt");
    const Universe expected = {.architecture = "aarch64",
                               .candidates = {
                                   {.identity = {.name = "editor",
                                                 .version = "1.0",
                                                 .architecture = "aarch64",
                                                 .depends = {"libui >= 2", "zlib"}},
                                    .origin = "stick",
                                    .is_installed = true},
                                   {.identity = {.name = "fonts",
                                                 .version = "3",
                                                 .architecture = "any",
                                                 .provides = {"glyphs = 3"},
                                                 .conflicts = {"oldfonts"},
                                                 .replaces = {"oldfonts < 2"}}},
                               }};
    EXPECT_EQ(read.universe.architecture, expected.architecture);
    EXPECT_EQ(read.universe.candidates, expected.candidates);
    EXPECT_EQ(read.job.install, (std::vector<std::string>{"fonts", "so:libz.so.1"}));
    EXPECT_EQ(read.job.remove, std::vector<std::string>{"editor"});
    EXPECT_EQ(read.job.hold, std::vector<std::string>{"kernel"});
    EXPECT_EQ(read.job.upgrade, std::vector<std::string>{"shell"});
    EXPECT_TRUE(read.job.upgrades_all);
    EXPECT_TRUE(read.job.removes_dependents);
}

TEST(ParseCase, NothingIsARootWithoutPackages) {
    EXPECT_EQ(parse_case("", "a.txt").universe.architecture, "x86_64");
    EXPECT_TRUE(parse_case("\n# nothing\n", "a.txt").universe.candidates.empty());
}

TEST(ParseCase, ErrorsNameTheLine) {
    for (const std::string bad :
         {"editor 1", "available editor 1 x86_64 from", "available editor 1 arm",
          "installed editor 1 any stick", "install editor,", "install ,", "remove editor >= 2", "hold Editor",
          "upgrade **", "cascade all", "architecture x86_64", "depends zlib >=", "provides zlib < 2",
          "available editor 1\r"}) {
        try {
            parse_case("available zlib 1\n\n" + bad + "\ninstall zlib\n", "a.txt");
            ADD_FAILURE() << bad;
        } catch (const UsageError& error) {
            EXPECT_TRUE(error.message().starts_with("cannot read 'a.txt': ")) << bad;
            EXPECT_EQ(error.details().front(), std::pair(std::string("at"), std::string("a.txt:3"))) << bad;
        }
    }
}

TEST(ParseCase, EveryBeginningIsReadOrRefused) {
    const std::string whole =
        "architecture aarch64\ninstalled editor 1.0 any from stick\n  depends zlib, libui >= 2\n"
        "available fonts 3\n  provides glyphs = 3\ninstall fonts\nremove editor\nupgrade *\ncascade\n";
    std::size_t read = 0, refused = 0;
    for (std::size_t length = 0; length <= whole.size(); ++length) try {
            parse_case(whole.substr(0, length), "a.txt");
            ++read;
        } catch (const UsageError&) {
            ++refused;
        }
    EXPECT_GT(read, 9);
    EXPECT_GT(refused, 40);
}

}  // namespace
}  // namespace cairn::solve
