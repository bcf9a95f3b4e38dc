#include "pkg/source/source_plan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <functional>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "tests/unit/pkg/source/source_fixture.h"

namespace cairn::source {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SourcePlanTest : public SourceFixture {
  protected:
    SourcePlanTest() {
        for (const char* file : {"pkg/base/a.h", "pkg/base/a.cpp", "pkg/net/b.cpp", "recipes/x/y",
                                 "build/out.o", ".git/config"}) {
            make_directories((repository() / file).parent_path());
            write_file(repository() / file, file);
        }
    }
    fs::path repository() const { return work_.path() / "repository"; }

    SourcePlan plan(const std::string& sources) {
        const recipe::Recipe recipe = make_recipe("own", sources);
        return plan_source(recipe, recipe.sources.at(0), cache());
    }
    std::vector<std::string> chosen(const std::string& keys) {
        std::vector<std::string> paths;
        for (const PathFile& file : plan("[[source]]\npath = \"../..\"\n" + keys).files)
            paths.push_back(file.path);
        return paths;
    }
    static std::string pinned(const std::string& more = "") {
        return "[[source]]\nurl = [\"http://x.example/a.tar\"]\nsha256 = \"" + sha256("a") + "\"\n" + more;
    }
};

TEST_F(SourcePlanTest, ChoosesFilesOfTheRepository) {
    EXPECT_THAT(chosen("only = [\"pkg/**\"]\n"),
                ElementsAre("pkg/base/a.cpp", "pkg/base/a.h", "pkg/net/b.cpp"));
    EXPECT_THAT(chosen("only = [\"pkg\", \"recipes/x\"]\nexclude = [\"**/*.h\", \"pkg/net\"]\n"),
                ElementsAre("pkg/base/a.cpp", "recipes/x/y"));
    EXPECT_THAT(chosen("only = [\"pkg/*/a.*\"]\n"), ElementsAre("pkg/base/a.cpp", "pkg/base/a.h"));
    EXPECT_THAT(chosen("exclude = [\"build\", \"recipes\"]\n"),
                ElementsAre("pkg/base/a.cpp", "pkg/base/a.h", "pkg/net/b.cpp"))
        << ".git is never taken";
}

TEST_F(SourcePlanTest, RefusesPathsOutsideOfTheRepository) {
    EXPECT_THAT(report_of([&] { plan("[[source]]\npath = \"../../..\"\n"); }),
                HasSubstr("outside of the repository"));
    EXPECT_THAT(report_of([&] { plan("[[source]]\npath = \"/etc\"\n"); }),
                HasSubstr("outside of the repository"));
    fs::create_directory_symlink("/etc", repository() / "link");
    EXPECT_THAT(report_of([&] { plan("[[source]]\npath = \"../../link\"\n"); }),
                HasSubstr("outside of the repository"));
    EXPECT_THAT(report_of([&] { plan("[[source]]\npath = \"../../missing\"\n"); }),
                HasSubstr("is no directory"));
    EXPECT_THAT(report_of([&] { chosen("only = [\"nothing/**\"]\n"); }), HasSubstr("no file is chosen"));
}

TEST_F(SourcePlanTest, KeyFollowsContentNamesAndModesOfFiles) {
    const std::string source = "[[source]]\npath = \"../..\"\nonly = [\"pkg/**\"]\n";
    const crypto::Hash before = plan(source).key;
    const std::vector<std::function<void()>> changes{
        [&] { write_file(repository() / "pkg/base/a.h", "pkg/base/a.H"); },
        [&] { fs::rename(repository() / "pkg/base/a.h", repository() / "pkg/base/c.h"); },
        [&] {
            fs::permissions(repository() / "pkg/net/b.cpp", fs::perms::owner_exec, fs::perm_options::add);
        },
        [&] { fs::remove(repository() / "pkg/net/b.cpp"); }};
    std::vector<crypto::Hash> keys{before};
    for (const auto& change : changes) {
        change();
        const crypto::Hash key = plan(source).key;
        EXPECT_THAT(keys, Not(testing::Contains(key)));
        keys.push_back(key);
    }
    write_file(repository() / "recipes/x/y", "not chosen");
    EXPECT_EQ(plan(source).key, keys.back());
}

TEST_F(SourcePlanTest, RemembersHashesOfSettledFilesOnly) {
    const std::string source = "[[source]]\npath = \"../..\"\nonly = [\"pkg/**\"]\n";
    plan(source);
    EXPECT_FALSE(fs::exists(cache() / "file-hashes")) << "the files were written just now";
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    const crypto::Hash key = plan(source).key;
    ASSERT_TRUE(fs::exists(cache() / "file-hashes"));
    EXPECT_EQ(plan(source).key, key);

    // The same size and modification time as before: the time of the change of the inode tells.
    struct stat status{};
    ASSERT_EQ(::stat((repository() / "pkg/base/a.h").c_str(), &status), 0);
    write_file(repository() / "pkg/base/a.h", "PKG/BASE/A.H");
    const timespec times[2] = {status.st_atim, status.st_mtim};
    ::utimensat(AT_FDCWD, (repository() / "pkg/base/a.h").c_str(), times, 0);
    EXPECT_NE(plan(source).key, key);
}

TEST_F(SourcePlanTest, DamagedRecordOfHashesIsNoRecord) {
    const std::string source = "[[source]]\npath = \"../..\"\nonly = [\"pkg/**\"]\n";
    const crypto::Hash key = plan(source).key;
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    plan(source);
    for (const auto& record : fs::directory_iterator(cache() / "file-hashes")) {
        const std::string text = read_file(record.path());
        for (const std::string& damaged :
             {std::string("rubbish"), text.substr(0, text.size() / 2), "zz" + text, std::string()}) {
            write_file(record.path(), damaged);
            EXPECT_EQ(plan(source).key, key) << damaged;
        }
    }
}

TEST_F(SourcePlanTest, KeyNamesContentNotPlaces) {
    const crypto::Hash key = plan(pinned()).key;
    EXPECT_EQ(
        plan("[[source]]\nurl = [\"http://other.example/b.tar\"]\nsha256 = \"" + sha256("a") + "\"\n").key,
        key);
    EXPECT_EQ(plan("[[source]]\ndebian = { source = \"a\", file = \"a_1.orig.tar.gz\" }\nsha256 = \"" +
                   sha256("a") + "\"\n")
                  .key,
              key);
    EXPECT_EQ(plan(pinned("only = []\nstrip = 1\n")).key, key);
}

TEST_F(SourcePlanTest, KeyFollowsEverythingThatShapesTheTree) {
    make_directories(directory_of("own"));
    write_file(directory_of("own") / "a.patch", "a");
    write_file(directory_of("own") / "b.patch", "b");
    std::vector<crypto::Hash> keys;
    for (const char* more :
         {"", "strip = 0\n", "only = [\"a\"]\n", "only = [\"a\", \"b\"]\n", "only = [\"ab\"]\n",
          "exclude = [\"a\"]\n", "inner = \"a\"\n", "unpack = false\n", "patches = [\"a.patch\"]\n",
          "patches = [\"b.patch\"]\n", "patches = [\"a.patch\", \"b.patch\"]\n",
          "patches = [\"b.patch\", \"a.patch\"]\n"}) {
        const crypto::Hash key = plan(pinned(more)).key;
        EXPECT_THAT(keys, Not(testing::Contains(key))) << more;
        keys.push_back(key);
    }
    write_file(directory_of("own") / "a.patch", "changed");
    EXPECT_THAT(keys, Not(testing::Contains(plan(pinned("patches = [\"a.patch\"]\n")).key)));
}

TEST_F(SourcePlanTest, HashOfAllSourcesFollowsTheirNames) {
    const std::string second =
        "[[source]]\nname = \"b\"\nurl = [\"http://x.example\"]\nsha256 = \"" + sha256("b") + "\"\n";
    const crypto::Hash one = hash_sources(make_recipe("own", pinned()), cache());
    const crypto::Hash two = hash_sources(make_recipe("own", pinned() + second), cache());
    const crypto::Hash renamed =
        hash_sources(make_recipe("own", pinned() + replace_all(second, "\"b\"", "\"c\"")), cache());
    EXPECT_NE(one, two);
    EXPECT_NE(two, renamed);
    EXPECT_EQ(hash_sources(make_recipe("another", pinned()), cache()), one);
}

}  // namespace
}  // namespace cairn::source
