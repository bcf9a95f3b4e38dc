#include "installer/firstboot/prepare.h"

#include <gmock/gmock.h>

#include "installer/settings/store.h"
#include "tests/unit/installer/firstboot/made_up_device.h"

namespace cairn::firstboot {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PrepareTest : public ::testing::Test {
  protected:
    PrepareReport prepare(Data data = Data::kept) {
        return prepare_device({.root = device_.places.root,
                               .data = data,
                               .with_esp =
                                   [&](const auto& work) {
                                       ++esp_mounts_;
                                       work(device_.esp());
                                   },
                               .now = 1'790'000'000});
    }
    std::string host_name() { return read_file(device_.places.root / "etc/hostname"); }

    MadeUpDevice device_;
    int esp_mounts_ = 0;
};

TEST_F(PrepareTest, LeavesAMachineWhoseSettingsAreInEffect) {
    const PrepareReport report = prepare();
    EXPECT_THAT(report.lines, IsEmpty());
    EXPECT_THAT(report.applied.files, ElementsAre("etc/hostname"));
    EXPECT_EQ(host_name(), "cairn");
    EXPECT_TRUE(fs::exists(device_.places.root / "var/lib/cairn/identity/wave-seed"));
}

TEST_F(PrepareTest, FirstBootSettingsAreInEffectAtOnceAndTheEspIsLookedAtOnce) {
    device_.put({{"network", {{"host_name", "gate"}}}});
    EXPECT_THAT(prepare().lines, ElementsAre("first-boot settings were taken: network.host_name"));
    EXPECT_EQ(host_name(), "gate");
    EXPECT_THAT(prepare().lines, IsEmpty());
    EXPECT_EQ(host_name(), "gate");
    EXPECT_EQ(esp_mounts_, 1);
}

TEST_F(PrepareTest, ARefusedFileIsSaidOnceAndTheDefaultsHold) {
    device_.put({{"kernel", {{"modules", "x"}}}});
    EXPECT_THAT(prepare().lines, Contains(HasSubstr("refused")));
    EXPECT_EQ(host_name(), "cairn");
    EXPECT_THAT(prepare().lines, IsEmpty());
}

TEST_F(PrepareTest, LooksForNothingThatIsReadOnceWhileTheDataIsLost) {
    device_.put({{"network", {{"host_name", "gate"}}}});
    prepare(Data::lost);
    EXPECT_EQ(esp_mounts_, 0);
    EXPECT_EQ(host_name(), "cairn");
    EXPECT_TRUE(fs::exists(device_.file()));
}

TEST_F(PrepareTest, GoesOnWithTheDefaultsWhenTheStoreCannotBeMigrated) {
    prepare();
    device_.image("release.json", R"({"version": "2.0", "settings_format": 2})");
    const PrepareReport report = prepare();
    EXPECT_THAT(report.applied.problem, HasSubstr("no migration leads from format 1 to 2"));
    EXPECT_THAT(report.lines, Contains(HasSubstr("defaults are in effect")));
    EXPECT_EQ(host_name(), "cairn");
}

TEST_F(PrepareTest, GoesOnWhenAStepFails) {
    remove_tree(device_.places.store);
    write_file(device_.places.store, "in the way");
    EXPECT_THAT(prepare().lines, Contains(HasSubstr("making directories")));
    EXPECT_EQ(host_name(), "cairn");
}

}  // namespace
}  // namespace cairn::firstboot
