#include "pkg/package/dependencies.h"

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/support/package_builder.h"

namespace cairn::package {
namespace {

/// Packages by name, with what they depend on and provide.
struct Packages {
    std::vector<Identity> list;
    Packages& add(const std::string& name, std::vector<std::string> depends = {},
                  std::vector<std::string> provides = {}) {
        list.push_back(testing::make_identity(name));
        list.back().depends = std::move(depends);
        list.back().provides = std::move(provides);
        return *this;
    }
    std::vector<const Identity*> pointers() const {
        std::vector<const Identity*> result;
        for (const Identity& identity : list) result.push_back(&identity);
        return result;
    }
    std::vector<std::string> close(const std::vector<std::string>& wanted) const {
        const auto available = pointers();
        std::vector<std::string> names;
        for (const std::size_t index : close_over_dependencies(available, wanted))
            names.push_back(list[index].name);
        return names;
    }
};

TEST(Dependencies, AreFollowedThroughNamesAndLibraries) {
    Packages packages;
    packages.add("app", {"so:libz.so.1", "tool"})
        .add("libc", {}, {"so:libc.so"})
        .add("tool", {"app"})
        .add("other");
    packages.add("zlib", {"so:libc.so"}, {"so:libz.so.1"});
    EXPECT_EQ(packages.close({"app"}), (std::vector<std::string>{"app", "libc", "tool", "zlib"}));
    EXPECT_EQ(packages.close({"other"}), (std::vector<std::string>{"other"}));
    EXPECT_EQ(packages.close({}), std::vector<std::string>{});
}

TEST(Dependencies, PreferTheNameAndWhatIsTaken) {
    Packages packages;
    packages.add("app", {"shell"}).add("ash", {}, {"shell"}).add("shell").add("zsh", {}, {"shell"});
    EXPECT_EQ(packages.close({"app"}), (std::vector<std::string>{"app", "shell"}));
    EXPECT_EQ(packages.close({"app", "zsh"}), (std::vector<std::string>{"app", "zsh"}));
}

TEST(Dependencies, MissingOnesAreNamed) {
    Packages packages;
    packages.add("app", {"so:libz.so.1", "tool >= 2"}).add("tool");
    EXPECT_EQ(find_missing_dependencies(packages.pointers()),
              (std::vector<MissingDependency>{{"app", "so:libz.so.1"}, {"app", "tool >= 2"}}));
    try {
        packages.close({"app"});
        ADD_FAILURE();
    } catch (const UsageError& error) {
        EXPECT_TRUE(error.message().contains("'app' needs 'so:libz.so.1'")) << error.message();
    }
    try {
        packages.close({"tol"});
        ADD_FAILURE();
    } catch (const UsageError& error) {
        EXPECT_TRUE(error.hint().contains("'tool'")) << error.hint();
    }
}

TEST(Dependencies, ProvidedVersionsCount) {
    Packages packages;
    packages.add("mta", {}, {"mail = 2.1"});
    EXPECT_TRUE(fulfils(packages.list[0], "mail >= 2"));
    EXPECT_FALSE(fulfils(packages.list[0], "mail >= 3"));
    EXPECT_TRUE(fulfils(packages.list[0], "mta = 1.0"));
}

}  // namespace
}  // namespace cairn::package
