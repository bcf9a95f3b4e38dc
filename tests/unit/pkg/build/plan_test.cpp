#include "pkg/build/plan.h"

#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::build {
namespace {

using recipe::Architecture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Plan : public ::testing::Test {
  protected:
    void add_recipe(const std::string& name, const std::string& build) {
        make_directories(directory_.path() / name);
        write_file(directory_.path() / name / "recipe.toml",
                   std::format("[package]\nversion = \"1\"\nlicense = \"MIT\"\nsummary = "
                               "\"x\"\n[build]\nscript = \"true\"\n{}\n",
                               build));
    }
    BuildPlan plan(const std::vector<std::string>& wanted) {
        return plan_builds(directory_.path(), wanted, Architecture::x86_64);
    }
    std::string report(const std::vector<std::string>& wanted) {
        try {
            plan(wanted);
        } catch (const Error& error) {
            return error.report();
        }
        return "no error";
    }

    TemporaryDirectory directory_;
};

TEST_F(Plan, OrdersEachRecipeAfterItsNeeds) {
    add_recipe("c", "runtime = false\nneeds = [\"b\"]");
    add_recipe("b", "runtime = false\nneeds = [\"a\"]");
    add_recipe("a", "runtime = false");
    const BuildPlan result = plan({"c"});
    EXPECT_THAT(result.order, ElementsAre("a", "b", "c"));
    EXPECT_THAT(result.nodes.at("c").sysroot, ElementsAre("a", "b"));
}

TEST_F(Plan, TargetRecipesNeedTheRuntimeUnlessTheySayNot) {
    for (const std::string& name : default_runtime()) add_recipe(name, "runtime = false");
    add_recipe("app", "");
    EXPECT_EQ(plan({"app"}).nodes.at("app").sysroot, default_runtime());
}

TEST_F(Plan, HostRecipesAreToolsAndNotInTheSysroot) {
    add_recipe("tool", "host = true");
    add_recipe("app", "runtime = false\nneeds = [\"tool\"]");
    const BuildPlan result = plan({"app"});
    EXPECT_TRUE(result.nodes.at("app").sysroot.empty());
    EXPECT_THAT(result.nodes.at("app").host_tools, ElementsAre("tool"));
}

TEST_F(Plan, CycleIsShownAsAPath) {
    add_recipe("a", "runtime = false\nneeds = [\"b\"]");
    add_recipe("b", "runtime = false\nneeds = [\"c\"]");
    add_recipe("c", "runtime = false\nneeds = [\"b\"]");
    EXPECT_THAT(report({"a"}), HasSubstr("b -> c -> b"));
}

TEST_F(Plan, MissingNeedNamesWhoNeedsItAndTheNearest) {
    add_recipe("zlib", "runtime = false");
    add_recipe("app", "runtime = false\nneeds = [\"zlip\"]");
    const std::string text = report({"app"});
    EXPECT_THAT(text, HasSubstr("there is no recipe 'zlip'"));
    EXPECT_THAT(text, HasSubstr("needs of recipe 'app'"));
    EXPECT_THAT(text, HasSubstr("did you mean 'zlib'?"));
}

TEST_F(Plan, HostRecipeCannotNeedATargetRecipe) {
    add_recipe("lib", "runtime = false");
    add_recipe("tool", "host = true\nneeds = [\"lib\"]");
    EXPECT_THAT(report({"tool"}), HasSubstr("host recipe 'tool' needs 'lib'"));
}

TEST_F(Plan, RecipeForTheOtherArchitectureIsRefused) {
    add_recipe("board", "runtime = false\narchitectures = [\"aarch64\"]");
    EXPECT_THAT(report({"board"}), HasSubstr("'board' is not for x86_64"));
}

}  // namespace
}  // namespace cairn::build
