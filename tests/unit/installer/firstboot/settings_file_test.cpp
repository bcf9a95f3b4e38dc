#include "installer/firstboot/settings_file.h"

#include <gmock/gmock.h>
#include <print>

#include "installer/settings/store.h"
#include "pkg/base/error.h"
#include "tests/support/stop_after.h"
#include "tests/unit/installer/firstboot/made_up_device.h"

namespace cairn::firstboot {
namespace {

namespace fs = std::filesystem;
using cairn::testing::run_and_stop_after;
using cairn::testing::Stopped;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = Outcome::Kind;

constexpr std::int64_t now = 1'790'000'000;

class SettingsFile : public ::testing::Test {
  protected:
    Outcome take() {
        return take_settings_file(device_.places, settings::read_image_settings(device_.places.image),
                                  read_rules(device_.places.image), device_.esp(), now);
    }
    Json stored() { return settings::read_stored(device_.places.store_of(1)).values; }
    void expect_refused(const std::string& why) {
        const Outcome outcome = take();
        EXPECT_EQ(outcome.kind, Kind::refused);
        EXPECT_THAT(outcome.why, HasSubstr(why));
        EXPECT_EQ(stored(), Json::object());
        EXPECT_TRUE(fs::exists(device_.file()));
    }

    MadeUpDevice device_;
    const Json name_ = {{"network", {{"host_name", "gate"}}}};
};

TEST_F(SettingsFile, IsTakenOnceNotedAndDeleted) {
    device_.put(name_);
    const Outcome outcome = take();
    EXPECT_EQ(outcome.kind, Kind::accepted);
    EXPECT_THAT(outcome.settings, ElementsAre("network.host_name"));
    EXPECT_EQ(stored(), name_);
    EXPECT_FALSE(fs::exists(device_.file()));
    EXPECT_EQ(settings::Store(device_.places.store_of(1)).history().back().change.who, "first boot");
    EXPECT_EQ(find_outcome(device_.places), outcome);
}

TEST_F(SettingsFile, IsNeverReadLater) {
    EXPECT_EQ(take().kind, Kind::none);
    device_.put(name_);
    EXPECT_EQ(take().kind, Kind::none);
    EXPECT_EQ(stored(), Json::object());
}

TEST_F(SettingsFile, IsRefusedAsAWholeWhenItSetsAnythingElse) {
    device_.put({{"network", {{"host_name", "gate"}}}, {"kernel", {{"modules", "x"}}}});
    expect_refused("'kernel.modules' is not one of them");
    device_.put(name_);
    EXPECT_EQ(take().kind, Kind::refused) << "what came of it stays";
}

TEST_F(SettingsFile, IsRefusedWhenItIsNoSettings) {
    for (const char* text : {"", "{", "[]", "\xfe\xfe\xfe", R"({"format": 2, "settings": {}})",
                             R"({"network": {"host_name": "gate"}})",
                             R"({"format": 1, "settings": {"network": {"host_nam": "gate"}}})",
                             R"({"format": 1, "settings": {"network": {"host_name": "two words"}}})"}) {
        write_file(device_.file(), text);
        fs::remove(device_.places.store / "first-boot.json");
        expect_refused("");
    }
}

TEST_F(SettingsFile, IsRefusedWhenItIsAFolder) {
    make_directories(device_.file() / "within");
    expect_refused("Is a directory");
}

TEST_F(SettingsFile, IsRefusedWhenItIsHuge) {
    write_file(device_.file(), "{");
    fs::resize_file(device_.file(), std::uintmax_t{1} << 42);  // more than any memory
    expect_refused("more than the 1048576 allowed");
}

TEST_F(SettingsFile, IsRefusedWhereTheImageForbidsIt) {
    device_.release("forbid", "");
    device_.put(name_);
    expect_refused("allows none");
}

TEST_F(SettingsFile, NeedsTheSignatureThatTheImageAsksFor) {
    crypto::SecretKey key = crypto::SecretKey::generate();
    device_.release("signed", key.public_key().to_hex());
    device_.put(name_);
    const std::string text = read_file(device_.file());
    const auto sign = [&](crypto::SecretKey& with) {
        const crypto::Signature signature =
            with.sign_bytes(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
        write_file(device_.file().string() + ".sig",
                   {reinterpret_cast<const char*>(signature.bytes().data()), crypto::Signature::size});
    };
    const auto again = [&] { fs::remove(device_.places.store / "first-boot.json"); };
    expect_refused("wants them signed");
    again();
    crypto::SecretKey other = crypto::SecretKey::generate();
    sign(other);
    expect_refused("");
    again();
    sign(key);
    EXPECT_EQ(take().kind, Kind::accepted);
    EXPECT_TRUE(fs::is_empty(device_.file().parent_path()));
}

TEST_F(SettingsFile, DoesNotReplaceSettingsThatAreThere) {
    const settings::Schema schema = settings::read_image_schema(device_.places.image);
    settings::Store(device_.places.store_of(1))
        .commit(settings::verify_values({{"network", {{"host_name", "door"}}}}, schema),
                {now, "admin", "set"});
    device_.put(name_);
    EXPECT_EQ(take().kind, Kind::refused);
}

TEST_F(SettingsFile, StoppedAnywhereTheNextStartEndsIt) {
    std::size_t stops = 0;
    for (std::size_t step = 1;; ++step) {
        remove_tree(device_.places.store);
        make_directories(device_.places.store);
        device_.put(name_);
        const Stopped result = run_and_stop_after(step, [&] { take(); });
        ASSERT_FALSE(result.has_failed);
        if (!result.was_stopped) break;
        ++stops;
        const Outcome outcome = take();
        ASSERT_EQ(outcome.kind, Kind::accepted) << "stopped after step " << step;
        ASSERT_TRUE(outcome.is_removed);
        ASSERT_EQ(stored(), name_);
        ASSERT_FALSE(fs::exists(device_.file()));
    }
    std::println("first-boot settings: {} stops", stops);
    EXPECT_GT(stops, 15U);
}

}  // namespace
}  // namespace cairn::firstboot
