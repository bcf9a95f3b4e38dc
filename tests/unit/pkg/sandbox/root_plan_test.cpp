#include "pkg/sandbox/root_plan.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::sandbox {
namespace {

using Kind = Step::Kind;

class RootPlan : public testing::Test {
  protected:
    void SetUp() override { make_directories(folder_.path() / "build"); }

    SandboxSpec spec() const {
        return {.arguments = {"true"}, .environment = {}, .build_directory = folder_.path() / "build"};
    }
    std::vector<Step> plan(const SandboxSpec& spec) {
        HostPackages packages(folder_.path() / "cache.json");
        return plan_root(spec, packages, {1000, 1000});
    }
    static std::ptrdiff_t place_of(const std::vector<Step>& steps, Kind kind, const std::string& target) {
        const auto found = std::ranges::find_if(
            steps, [&](const Step& step) { return step.kind == kind && step.target == "/new" + target; });
        return found == steps.end() ? -1 : found - steps.begin();
    }
    std::filesystem::path folder() const { return folder_.path(); }

  private:
    TemporaryDirectory folder_;
};

TEST_F(RootPlan, SealsEverythingButWhatIsMountedAfterwards) {
    SandboxSpec with_source = spec();
    with_source.mounts = {{folder(), "/source/main"}};
    const std::vector<Step> steps = plan(with_source);
    const std::ptrdiff_t seal = place_of(steps, Kind::seal, "/");
    ASSERT_GE(seal, 0);
    std::vector<std::string> mounted_later;
    for (auto step = steps.begin() + seal; step != steps.end(); ++step)
        if (step->kind == Kind::bind || step->kind == Kind::tmpfs) mounted_later.push_back(step->target);
    EXPECT_EQ(mounted_later,
              (std::vector<std::string>{"/new/build", "/new/tmp", "/new/dev", "/new/dev/shm"}));
    EXPECT_LT(place_of(steps, Kind::source, "/source/main"), seal);
    EXPECT_GE(place_of(steps, Kind::tame, "/build"), seal);
}

TEST_F(RootPlan, HidesAfterMountingUsr) {
    const std::vector<Step> steps = plan(spec());
    const std::ptrdiff_t usr = place_of(steps, Kind::bind, "/usr");
    ASSERT_GE(usr, 0);
    for (const char* folder : {"/usr/bin", "/usr/sbin", "/usr/local", "/usr/include", "/usr/share/pkgconfig"})
        EXPECT_GT(place_of(steps, Kind::tmpfs, folder), usr) << folder;
}

TEST_F(RootPlan, TakesWholeFoldersWhereTheyAreWhollyDeclared) {
    SandboxSpec declared = spec();
    declared.debian = {"linux-libc-dev"};
    const std::vector<Step> steps = plan(declared);
    EXPECT_GE(place_of(steps, Kind::bind, "/usr/include/linux"), 0);
    EXPECT_EQ(place_of(steps, Kind::bind_file, "/usr/include/linux/types.h"), -1);
    EXPECT_EQ(place_of(steps, Kind::bind, "/usr/include"), -1);
}

TEST_F(RootPlan, IsTheSameEveryTime) {
    SandboxSpec declared = spec();
    declared.tools = {"perl", "python3"};
    declared.debian = {"libsodium-dev", "libc6-dev"};
    EXPECT_EQ(plan(declared), plan(declared));
}

TEST_F(RootPlan, NamesPackagesThatAreNotInstalled) {
    SandboxSpec declared = spec();
    declared.debian = {"libno-such-thing-dev"};
    try {
        plan(declared);
        FAIL();
    } catch (const UsageError& error) {
        EXPECT_EQ(error.message(),
                  "cannot offer Debian package 'libno-such-thing-dev' to a build: it is not installed");
    }
}

}  // namespace
}  // namespace cairn::sandbox
