#include "pkg/solve/choose.h"

#include <algorithm>
#include <format>
#include <gtest/gtest.h>
#include <random>

#include "pkg/package/dependencies.h"
#include "pkg/solve/case_file.h"

namespace cairn::solve {
namespace {

Choice choose(const std::string& text) {
    const Case what = parse_case(text, "case");
    return choose_packages(what.universe, what.job);
}

TEST(ChoosePackages, GivesStepsAndTheWholeRoot) {
    const Solution expected = {.steps = {{Step::Kind::install, std::nullopt, 3},
                                         {Step::Kind::upgrade, 1, 4},
                                         {Step::Kind::replace, 0, 3},
                                         {Step::Kind::remove, 2, std::nullopt}},
                               .installed = {3, 4}};
    const Choice found = choose(
        "installed oldeditor 1\n"
        "installed libui 1\n"
        "installed viewer 1\n"
        "available editor 2\n"
        "  depends libui >= 2\n"
        "  replaces oldeditor\n"
        "available libui 2\n"
        "install editor\n"
        "remove viewer\n");
    EXPECT_EQ(std::get<Solution>(found), expected);
}

TEST(ChoosePackages, GivesReasonsAndWaysOut) {
    const Explanation expected = {
        .summary = "cannot install editor",
        .reasons = {"editor 2 conflicts with viewer 1", "viewer 1 is installed and is to stay"},
        .suggestions = {"remove viewer"}};
    EXPECT_EQ(std::get<Explanation>(choose("installed viewer 1\n"
                                           "available editor 2\n"
                                           "  conflicts viewer\n"
                                           "install editor\n")),
              expected);
}

TEST(ChoosePackages, SaysWhatIsNotUpgraded) {
    const Solution expected = {
        .installed = {1, 0},
        .kept = {{0,
                  "2",
                  {"app 1, which is installed, needs libui < 2, which only libui 1 fulfils",
                   "only one of libui 1 and 2 can be installed"}}}};
    const std::string root = "installed libui 1\ninstalled app 1\n  depends libui < 2\navailable libui 2\n";
    EXPECT_EQ(std::get<Solution>(choose(root + "upgrade *\n")), expected);
    EXPECT_EQ(std::get<Solution>(choose(root + "upgrade libui\n")), expected);
    // Nobody asked for it.
    EXPECT_TRUE(std::get<Solution>(choose(root + "upgrade app\n")).kept.empty());
    EXPECT_TRUE(std::get<Solution>(choose(root + "upgrade *\nhold libui\n")).kept.empty());
}

TEST(ChoosePackages, ReasonsBecomeTheErrorForPeople) {
    EXPECT_EQ(
        to_error({"cannot install a", {"a 1 needs b", "b is not there"}, {"leave a out", "make b"}}).report(),
        "cannot install a\n"
        "  why:\n"
        "    a 1 needs b\n"
        "    b is not there\n"
        "hint: leave a out; or make b");
    EXPECT_EQ(to_error({"cannot install a", {"a 1 needs b"}, {}}).report(),
              "cannot install a\n  why: a 1 needs b");
}

TEST(ChoosePackages, RefusesWhatIsNoPackage) {
    const auto refused = [](package::Identity identity) {
        const Universe universe = {"x86_64", {{.identity = std::move(identity)}}};
        EXPECT_THROW(choose_packages(universe, {}), VerifyError);
    };
    refused({.name = "Editor", .version = "1", .architecture = "any"});
    refused({.name = "editor", .version = "1 2", .architecture = "any"});
    refused({.name = "editor", .version = "1", .architecture = "all"});
    refused({.name = "editor", .version = "1", .architecture = "any", .depends = {"a => 1"}});
    EXPECT_THROW(choose_packages({"x86_64", {}}, {.install = {"a =>"}}), UsageError);
    EXPECT_THROW(choose_packages({"x86_64", {}}, {.remove = {"A"}}), UsageError);
}

TEST(ChoosePackages, OrderOfWhatIsGivenMeansNothing) {
    Case what = parse_case(
        "installed app 1\n  depends mail-server\ninstalled exim 4\n  provides mail-server\n"
        "available postfix 3\n  provides mail-server\navailable sendmail 8\n  provides mail-server\n"
        "available exim 5\n  conflicts app\navailable tool 1 from a\n  depends libfoo\n"
        "available tool 1 from b\n  depends libfoo\navailable libfoo 2\navailable libfoo 3\n"
        "install tool, mail-server\nremove exim\nupgrade *\n",
        "case");
    const auto describe_all = [&] {
        std::vector<std::string> steps;
        const Choice choice = choose_packages(what.universe, what.job);
        for (const Step& step : std::get<Solution>(choice).steps)
            steps.push_back(describe(what.universe, step));
        return steps;
    };
    const std::vector<std::string> first = describe_all();
    EXPECT_EQ(first, (std::vector<std::string>{"remove exim 4", "install libfoo 3", "install postfix 3",
                                               "install tool 1 from a"}));
    std::mt19937 random(1);
    for (int i = 0; i < 50; ++i) {
        std::ranges::shuffle(what.universe.candidates, random);
        std::ranges::shuffle(what.job.install, random);
        EXPECT_EQ(describe_all(), first);
    }
}

/// 10,000 packages in layers: each needs a few of the layers below, in a version of which several are there.
Universe make_large_universe() {
    Universe universe{.architecture = "x86_64"};
    std::mt19937 random(3);
    const auto name = [](unsigned number) { return std::format("package-{:04}", number); };
    for (unsigned number = 0; number < 2500; ++number)
        for (unsigned version = 1; version <= 4; ++version) {
            package::Identity identity{
                .name = name(number), .version = std::to_string(version), .architecture = "any"};
            for (int i = 0; i < 4 && number >= 10; ++i)
                identity.depends.push_back(
                    std::format("{} >= {}", name(random() % number), 1 + random() % 3));
            if (number % 7 == 0) identity.provides = {std::format("group-{}", number % 70)};
            if (random() % 200 == 0) identity.conflicts = {std::format("{} < 2", name(random() % 2500))};
            std::ranges::sort(identity.depends);
            const auto repeated = std::ranges::unique(identity.depends);
            identity.depends.erase(repeated.begin(), repeated.end());
            const bool is_installed = version == 1 && number < 10;
            universe.candidates.push_back({.identity = std::move(identity), .is_installed = is_installed});
        }
    return universe;
}

TEST(ChoosePackages, CopesWithTenThousandPackages) {
    Universe universe = make_large_universe();
    ASSERT_EQ(universe.candidates.size(), 10'000);
    const Job job = {.install = {"package-2499", "package-2000 = 3", "group-35"}, .upgrades_all = true};
    const Choice found = choose_packages(universe, job);
    ASSERT_TRUE(std::holds_alternative<Solution>(found)) << to_error(std::get<Explanation>(found)).report();
    std::vector<const package::Identity*> root;
    for (const std::size_t index : std::get<Solution>(found).installed)
        root.push_back(&universe.candidates[index].identity);
    EXPECT_GT(root.size(), 100);
    EXPECT_EQ(package::find_missing_dependencies(root), std::vector<package::MissingDependency>());

    // One that cannot be, far down: it is found and said.
    for (Candidate& candidate : universe.candidates)
        if (candidate.identity.name == "package-0011") candidate.identity.depends = {"gone"};
    universe.candidates.push_back({.identity = {.name = "top",
                                                .version = "1",
                                                .architecture = "any",
                                                .depends = {"package-0011 >= 2", "package-2499"}}});
    const Choice refused = choose_packages(universe, {.install = {"top"}});
    EXPECT_EQ(std::get<Explanation>(refused).reasons,
              (std::vector<std::string>{"top 1 needs package-0011 >= 2",
                                        "nothing provides gone, which package-0011 2, 3 and 4 need"}));
}

}  // namespace
}  // namespace cairn::solve
