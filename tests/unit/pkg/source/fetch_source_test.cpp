#include "pkg/source/fetch_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/source/source_plan.h"
#include "tests/unit/pkg/source/source_fixture.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FetchSourceTest : public SourceFixture {
  protected:
    fs::path main_tree(const recipe::Recipe& recipe) {
        return fetch_source(recipe, environment_).parts.at(0).directory;
    }

    static std::vector<std::string> names(const fs::path& tree) {
        std::vector<std::string> result;
        for (const auto& entry : fs::recursive_directory_iterator(tree))
            if (!entry.is_directory()) result.push_back(entry.path().lexically_relative(tree).string());
        std::ranges::sort(result);
        return result;
    }
    std::size_t tree_count() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(cache() / "trees"), fs::directory_iterator()));
    }
};

TEST_F(FetchSourceTest, UnpacksEverySource) {
    const recipe::Recipe recipe =
        make_recipe("two", serve_url("/a.tar.gz", make_tar({{"a-1/x", "1"}, {"a-1/d/y", "2"}})) +
                               serve_url("/b.tar.gz", make_tar({{"b-1/z", "3"}})) + "name = \"second\"\n");
    const SourceTree tree = fetch_source(recipe, environment_);
    ASSERT_EQ(tree.parts.size(), 2u);
    EXPECT_EQ(tree.parts[0].name, "main");
    EXPECT_THAT(names(tree.parts[0].directory), ElementsAre("d/y", "x"));
    EXPECT_EQ(tree.parts[1].name, "second");
    EXPECT_THAT(names(tree.parts[1].directory), ElementsAre("z"));
}

TEST_F(FetchSourceTest, GivesRawFileUnderItsName) {
    const recipe::Recipe recipe = make_recipe("raw", serve_url("/certs.txt", "words") + "unpack = false\n");
    EXPECT_EQ(read_file(main_tree(recipe) / "certs.txt"), "words");
}

TEST_F(FetchSourceTest, SharesTreesAndUsesThemAgain) {
    const std::string source = serve_url("/a.tar.gz", make_tar({{"a-1/x", "1"}}));
    const fs::path first = main_tree(make_recipe("one", source));
    environment_.is_offline = true;
    fs::remove_all(cache() / "sources");
    EXPECT_EQ(main_tree(make_recipe("other", source)), first);
    EXPECT_EQ(tree_count(), 1u);
}

TEST_F(FetchSourceTest, MakesAnotherTreeForEveryWayToUnpack) {
    const std::string source = serve_url("/a.tar.gz", make_tar({{"a-1/x", "1"}, {"a-1/y", "2"}}));
    EXPECT_THAT(names(main_tree(make_recipe("r", source))), ElementsAre("x", "y"));
    EXPECT_THAT(names(main_tree(make_recipe("r", source + "strip = 0\n"))), ElementsAre("a-1/x", "a-1/y"));
    EXPECT_THAT(names(main_tree(make_recipe("r", source + "only = [\"x\"]\n"))), ElementsAre("x"));
    EXPECT_THAT(names(main_tree(make_recipe("r", source + "exclude = [\"x\"]\n"))), ElementsAre("y"));
    EXPECT_EQ(tree_count(), 4u);
}

TEST_F(FetchSourceTest, AppliesPatchesAndFixesTimes) {
    const std::string source =
        serve_url("/a.tar.gz", make_tar({{"a-1/x", "one\n"}})) + "patches = [\"fix.patch\"]\n";
    const recipe::Recipe recipe = make_recipe("patched", source);
    write_file(recipe.directory / "fix.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n");
    const fs::path tree = main_tree(recipe);
    EXPECT_EQ(read_file(tree / "x"), "two\n");
    struct stat status{};
    ASSERT_EQ(::stat((tree / "x").c_str(), &status), 0);
    EXPECT_EQ(status.st_mtim.tv_sec, 1);

    write_file(recipe.directory / "fix.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+three\n");
    EXPECT_EQ(read_file(main_tree(recipe) / "x"), "three\n") << "another patch is another tree";
}

TEST_F(FetchSourceTest, LeavesNoTreeWhenPatchFails) {
    const std::string source =
        serve_url("/a.tar.gz", make_tar({{"a-1/x", "one\n"}})) + "patches = [\"fix.patch\"]\n";
    const recipe::Recipe recipe = make_recipe("patched", source);
    write_file(recipe.directory / "fix.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-other\n+two\n");
    const std::string report = report_of([&] { main_tree(recipe); });
    EXPECT_THAT(report, HasSubstr("fix.patch': hunk #1 of 'x' does not apply"));
    EXPECT_THAT(report, HasSubstr("while getting source 'main' of recipe 'patched'"));
    EXPECT_FALSE(
        fs::exists(cache() / "trees" / plan_source(recipe, recipe.sources[0], cache()).key.to_hex()));
}

TEST_F(FetchSourceTest, MakesTreeAgainThatWasChanged) {
    const recipe::Recipe recipe = make_recipe(
        "r", serve_url("/a.tar.gz", make_tar({{"a-1/x", "one"}, {"a-1/y", "2"}, {"a-1/d/z", "3"}})));
    const fs::path tree = main_tree(recipe);
    const std::vector<std::function<void()>> harms{
        [&] { write_file(tree / "x", "two"); }, [&] { fs::remove(tree / "y"); },
        [&] { write_file(tree / "d/new", ""); }, [&] { fs::permissions(tree / "x", fs::perms::owner_all); },
        [&] { fs::remove_all(tree); }};
    for (const auto& harm : harms) {
        harm();
        notes_.clear();
        main_tree(recipe);
        EXPECT_THAT(notes_, ElementsAre(HasSubstr("unpacking it again")));
        EXPECT_EQ(read_file(tree / "x"), "one");
        EXPECT_THAT(names(tree), ElementsAre("d/z", "x", "y"));
    }
    notes_.clear();
    main_tree(recipe);
    EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(FetchSourceTest, ThrowsAwayWhatAnEarlierRunLeftHalfMade) {
    const recipe::Recipe recipe = make_recipe("r", serve_url("/a.tar.gz", make_tar({{"a-1/x", "one"}})));
    const fs::path making =
        cache() / "trees" / (plan_source(recipe, recipe.sources[0], cache()).key.to_hex() + ".making");
    make_directories(making / "tree");
    write_file(making / "tree" / "rubbish", "");
    EXPECT_THAT(names(main_tree(recipe)), ElementsAre("x"));
    EXPECT_FALSE(fs::exists(making));
}

TEST_F(FetchSourceTest, TwoRunsAtOnceMakeOneTree) {
    const recipe::Recipe recipe = make_recipe("r", serve_url("/a.tar.gz", make_tar({{"a-1/x", "one"}})));
    std::thread other([&] { main_tree(recipe); });
    const fs::path tree = main_tree(recipe);
    other.join();
    EXPECT_EQ(read_file(tree / "x"), "one");
    EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(FetchSourceTest, UnpacksArchiveInsideDebianPackage) {
    const fs::path in = work_.path() / "deb";
    make_directories(in / "usr/src");
    write_file(in / "usr/src/linux.tar.gz", make_tar({{"linux/Makefile", "all:"}, {"linux/doc/x", ""}}));
    write_file(in / "debian-binary", "2.0\n");
    run_command_checked({.arguments = {"tar", "-cJf", "data.tar.xz", "./usr"}, .directory = in});
    run_command_checked(
        {.arguments = {"ar", "rc", "x.deb", "debian-binary", "data.tar.xz"}, .directory = in});
    const recipe::Recipe recipe =
        make_recipe("linux", serve_url("/x.deb", read_file(in / "x.deb")) +
                                 "inner = \"usr/src/linux.tar.gz\"\nexclude = [\"doc\"]\n");
    EXPECT_THAT(names(main_tree(recipe)), ElementsAre("Makefile"));
}

TEST_F(FetchSourceTest, NamesMissingInnerArchive) {
    const recipe::Recipe recipe =
        make_recipe("r", serve_url("/a.tar.gz", make_tar({{"x", ""}})) + "inner = \"y.tar\"\n");
    EXPECT_THAT(report_of([&] { main_tree(recipe); }), HasSubstr("holds no file 'y.tar'"));
}

TEST_F(FetchSourceTest, RefusesSourceThatComesToNothing) {
    const recipe::Recipe recipe =
        make_recipe("r", serve_url("/a.tar.gz", make_tar({{"a/x", ""}})) + "only = [\"z/**\"]\n");
    EXPECT_THAT(report_of([&] { main_tree(recipe); }), HasSubstr("nothing is left of it"));
}

TEST_F(FetchSourceTest, GivesNothingForRecipeWithoutSources) {
    EXPECT_TRUE(fetch_source(make_recipe("none", ""), environment_).parts.empty());
}

TEST_F(FetchSourceTest, UnpacksGitCommitByteForByte) {
    const fs::path origin = work_.path() / "origin";
    const auto git = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"git", "-c", "user.name=x", "-c", "user.email=x@example", "-c",
                                     "commit.gpgsign=false"});
        return run_command_checked({.arguments = words, .directory = origin});
    };
    make_directories(origin / "doc");
    write_file(origin / "file", "$Format:%H$ $Id$\n");
    write_file(origin / "doc/left-out-by-git-archive", "x");
    write_file(origin / ".gitattributes", "file export-subst ident\ndoc export-ignore\n");
    git({"init", "--quiet", "--initial-branch=main", "."});
    git({"add", "."});
    git({"commit", "--quiet", "-m", "one"});
    const std::string commit(std::string(git({"rev-parse", "HEAD"})).substr(0, 40));
    write_file(origin / "file", "later");
    git({"commit", "--quiet", "-a", "-m", "two"});

    const std::string source =
        "[[source]]\ngit = { url = \"file://" + origin.string() + "\", commit = \"" + commit + "\" }\n";
    const fs::path tree = main_tree(make_recipe("r", source));
    EXPECT_EQ(read_file(tree / "file"), "$Format:%H$ $Id$\n");
    EXPECT_THAT(names(tree), ElementsAre(".gitattributes", "doc/left-out-by-git-archive", "file"));

    fs::remove_all(cache() / "trees");
    fs::remove_all(origin);
    environment_.is_offline = true;
    EXPECT_EQ(read_file(main_tree(make_recipe("r", source)) / "file"), "$Format:%H$ $Id$\n")
        << "from the kept repository";
    const std::string other = replace_all(source, commit, std::string(40, '1'));
    EXPECT_THAT(report_of([&] { main_tree(make_recipe("r", other)); }),
                HasSubstr("the network must not be used"));
}

}  // namespace
}  // namespace cairn::source
