#include <sys/stat.h>
#include <sys/statvfs.h>

#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/build/scheduler.h"
#include "tests/support/run_by.h"

namespace cairn::build {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class NoNetwork : public net::Transport {
  public:
    net::Outcome get(const net::Request&, const net::Sink&) override {
        throw NetworkError("no network in tests");
    }
};

class SilentObserver : public Observer {
  public:
    void on_start(const std::string&, std::optional<std::chrono::milliseconds>) override {}
    void on_progress(const std::string&, const std::string&) override {}
    void on_finish(const std::string&, bool, std::chrono::milliseconds) override {}
    void on_failure(const std::string&) override {}
};

/// Builds recipes of tests/data/sandbox through the whole engine, by root and by an ordinary user.
class HermeticBuild : public support::RunByTest {
  protected:
    void SetUp() override {
        support::RunByTest::SetUp();
        // The repository may lie where an ordinary user cannot look.
        const fs::path source = CAIRN_SOURCE_DIR;
        fs::copy(source / "tests/data/sandbox/recipes", folder() / "recipes", fs::copy_options::recursive);
        fs::copy_file(source / "pkg/build/steps.sh", folder() / "steps.sh");
    }

    /// "built", or the report of the error; with `file`, what the recipe staged at this path instead of
    /// "built".
    std::string build(const std::string& name, const std::string& file = {}) const {
        return act([&] {
            try {
                const auto staged = build_here(name);
                return file.empty() ? std::string("built") : read_file(staged.at(name).stage / file);
            } catch (const Error& error) {
                return error.report();
            }
        });
    }

    sandbox::Limits limits_;
    std::atomic<bool> stop_ = false;

  private:
    std::map<std::string, StagedTree> build_here(const std::string& name) const {
        store::Store store = store::Store::open(folder() / "cache");
        NoNetwork transport;
        source::Environment sources{.cache = store.root(), .transport = transport, .is_offline = true};
        sandbox::HostPackages packages(folder() / "packages.json");
        JobBudget budget(2);
        SilentObserver observer;
        BuildContext context{.recipes = folder() / "recipes",
                             .steps = folder() / "steps.sh",
                             .architecture = recipe::host_architecture(),
                             .parameters = {},
                             .store = store,
                             .sources = sources,
                             .packages = packages,
                             .budget = budget,
                             .observer = observer,
                             .stop = stop_,
                             .limits = limits_};
        return build_all(plan_builds(context.recipes, {name}, context.architecture), context, false);
    }
};
CAIRN_RUN_BY_SUITE(HermeticBuild);

TEST_P(HermeticBuild, HasNoNetwork) {
    EXPECT_EQ(build("network"), "built");
}

TEST_P(HermeticBuild, SeesNoHome) {
    EXPECT_EQ(build("home"), "built");
}

TEST_P(HermeticBuild, SeesDeclaredDependenciesOnly) {
    EXPECT_EQ(build("declared-dependency"), "built");
    // The library is in the store now, and still not seen by who does not ask for it.
    EXPECT_EQ(build("undeclared-dependency"), "built");
}

TEST_P(HermeticBuild, SeesDeclaredHeadersOnly) {
    EXPECT_EQ(build("undeclared-header"), "built");
    EXPECT_EQ(build("declared-header"), "built");
}

TEST_P(HermeticBuild, RunsDeclaredProgramsOnly) {
    EXPECT_EQ(build("undeclared-program"), "built");
    EXPECT_EQ(build("declared-program"), "built");
}

TEST_P(HermeticBuild, NamesAProgramThatIsMissing) {
    const std::string report = build("missing-program");
    EXPECT_THAT(report, StartsWith("cannot offer tool 'no-such-program' to a build: not on this machine"));
    EXPECT_THAT(report, HasSubstr("building recipe 'missing-program'"));
    EXPECT_THAT(report, HasSubstr("hint: "));
}

TEST_P(HermeticBuild, WritesNothingOutside) {
    EXPECT_EQ(build("write-outside"), "built");
    EXPECT_TRUE(fs::exists(folder() / "recipes/write-outside/recipe.toml"));
    EXPECT_FALSE(fs::exists(folder() / "recipes/write-outside/new"));
}

TEST_P(HermeticBuild, EndsAForkBomb) {
    limits_.processes = 40;
    limits_.wall_time = 700ms;
    const std::string report = build("fork-bomb");
    EXPECT_THAT(report, StartsWith("cannot build recipe 'fork-bomb': its time limit was reached"));
    EXPECT_THAT(report, HasSubstr("Resource temporarily unavailable"));
}

TEST_P(HermeticBuild, EndsABuildThatFillsTheDisk) {
    limits_.disk_bytes = 20'000'000;
    EXPECT_THAT(build("full-disk"),
                StartsWith("cannot build recipe 'full-disk': its disk limit was reached"));
}

TEST_P(HermeticBuild, LeavesRoomOnTheDisk) {
    struct statvfs status{};
    ASSERT_EQ(::statvfs(folder().c_str(), &status), 0);
    limits_.reserve_bytes = status.f_bavail * status.f_frsize + (std::uint64_t{1} << 40);
    EXPECT_THAT(build("full-disk"),
                StartsWith("cannot build recipe 'full-disk': the file system is nearly full"));
}

TEST_P(HermeticBuild, EndsWhatIsLeftBehind) {
    EXPECT_EQ(build("left-behind", "file"), "early\n");
    std::this_thread::sleep_for(1300ms);
    EXPECT_EQ(build("left-behind", "file"), "early\n");
}

TEST_P(HermeticBuild, LooksTheSameForEveryone) {
    EXPECT_EQ(
        build("identity", "report"),
        "cairn\n1000\n1000\n0022\n/build/work\n"
        "AR ARCH CC CC_FOR_BUILD CFLAGS CMAKE_TOOLCHAIN_FILE CXX CXXFLAGS HOME HOSTCC HOSTCXX HOSTROOT KARCH "
        "LC_ALL LD LDFLAGS MESON_CROSS_FILE NM OBJCOPY PATH PKG_CONFIG PKG_CONFIG_LIBDIR "
        "PKG_CONFIG_SYSROOT_DIR "
        "RANLIB READELF RECIPE SOURCE SOURCE_DATE_EPOCH STAGE STRIP SYSROOT TERM TMPDIR TRIPLE TZ ");
}

TEST_P(HermeticBuild, MakesADamagedOutputAnew) {
    const std::string report = build("identity", "report");
    const fs::path outputs = folder() / "cache/outputs";
    const fs::path file = fs::directory_iterator(outputs)->path() / "stage/report";
    fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    write_file(file, "rotten");
    EXPECT_EQ(build("identity", "report"), report);
    fs::remove(file);
    EXPECT_EQ(build("identity", "report"), report);
}

}  // namespace
}  // namespace cairn::build
