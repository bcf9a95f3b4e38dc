#include "cli/term/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/term/columns.h"
#include "cli/term/progress.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::term {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Tree : public ::testing::Test {
  protected:
    Tree() {
        Command& build = tree.root().add_command("build", "build recipes");
        build.add_required("recipe", recipes, "what to build", Completion::recipe);
        build.add_option("--arch", architecture, "for which machine", Completion::architecture);
        build.add_flag("-q,--quiet", is_quiet, "say less");
        build.set_action([this] { return ++runs, 7; });
        Command& package = tree.root().add_command("package", "package files");
        package.add_command("create", "make one").set_action([] { return 0; });
    }
    int run(const std::vector<std::string>& words) { return tree.run(words); }
    std::string report(const std::vector<std::string>& words) {
        try {
            run(words);
        } catch (const Error& error) {
            return error.report();
        }
        return "no error";
    }

    CommandTree tree{"demo", "a program", "1"};
    std::vector<std::string> recipes;
    std::string architecture = "x86_64";
    bool is_quiet = false;
    int runs = 0;
};

TEST_F(Tree, RunsTheNamedCommandWithItsOptions) {
    EXPECT_EQ(run({"build", "--arch", "aarch64", "zlib", "-q", "zstd"}), 7);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(architecture, "aarch64");
    EXPECT_TRUE(is_quiet);
    EXPECT_THAT(recipes, ElementsAre("zlib", "zstd"));
}

TEST_F(Tree, MisspeltWordsGetTheNearestOne) {
    EXPECT_THAT(report({"biuld"}), HasSubstr("did you mean 'build'?"));
    EXPECT_THAT(report({"build", "x", "--quite"}), HasSubstr("did you mean '--quiet'?"));
    EXPECT_THAT(report({"package", "craete"}), HasSubstr("did you mean 'create'?"));
}

TEST_F(Tree, MissingArgumentNamesTheCommand) {
    EXPECT_THAT(report({"build"}), HasSubstr("demo build"));
}

TEST_F(Tree, NamesEveryCommand) {
    EXPECT_THAT(tree.command_names(), ElementsAre("build", "package", "package create"));
}

TEST_F(Tree, BashCompletesCommandsOptionsAndValues) {
    const TemporaryDirectory directory;
    const auto complete = [&](const std::string& words) {
        write_file(directory.path() / "c",
                   tree.completion_script("bash") + "COMP_WORDS=(" + words +
                       ")\nCOMP_CWORD=$((${#COMP_WORDS[@]}-1))\n_demo\necho ${COMPREPLY[@]}\n");
        return run_command_checked({.arguments = {"bash", (directory.path() / "c").string()}});
    };
    EXPECT_EQ(complete("demo b"), "build\n");
    EXPECT_EQ(complete("demo package c"), "create\n");
    EXPECT_EQ(complete("demo build --q"), "--quiet\n");
    EXPECT_EQ(complete("demo build --arch a"), "aarch64\n");
}

TEST_F(Tree, EveryShellIsServedAndOthersRefused) {
    EXPECT_THAT(tree.completion_script("zsh"), HasSubstr("bashcompinit"));
    EXPECT_THAT(tree.completion_script("fish"), HasSubstr("complete -c demo"));
    EXPECT_THROW(tree.completion_script("cmd"), UsageError);
}

TEST(OptionsAnywhere, OfTheProgramStandBeforeAndBehindCommandsAndHideNoWord) {
    CommandTree tree("demo", "a program", "1");
    tree.allow_options_anywhere();
    std::string host;
    std::vector<std::string> words;
    tree.root().add_option("--host", host, "which");
    tree.root().add_command("update", "another command").set_action([] { return 1; });
    Command& get = tree.root().add_command("settings", "a group").add_command("get", "show");
    get.add_option("path", words, "what");
    get.set_action([] { return 0; });
    EXPECT_EQ(tree.run(std::vector<std::string>{"settings", "get", "update", "--host", "gate"}), 0);
    EXPECT_EQ(host, "gate");
    EXPECT_THAT(words, ElementsAre("update"));
    EXPECT_EQ(tree.run(std::vector<std::string>{"--host", "door", "update"}), 1);
    EXPECT_EQ(host, "door");
}

TEST(Columns, LastOneKeepsItsLinesBelowEachOtherAndColourTakesNoPlace) {
    const std::vector<std::vector<Cell>> rows{{"health", Cell("failing\nweb: no", Colour::bad)}, {"é", "x"}};
    EXPECT_EQ(format_columns(rows, Painting::off, 2), "  health  failing\n          web: no\n  é       x\n");
    EXPECT_EQ(format_columns(rows, Painting::on),
              "health  \x1b[1;31mfailing\x1b[0m\n        \x1b[1;31mweb: no\x1b[0m\né       x\n");
}

TEST(Table, AlignsColumns) {
    EXPECT_EQ(format_table({{"step", "time"}, {"a", "12 s"}}), "step  time\na     12 s\n");
}

}  // namespace
}  // namespace cairn::term
