#include "installer/settings/apply.h"

#include <unistd.h>

#include <gmock/gmock.h>

#include "installer/settings/store.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A device below a made-up root: two settings, a template for each.
class ApplyTest : public ::testing::Test {
  protected:
    void SetUp() override {
        image("settings/device.toml", R"(
format = 1
[[setting]]
path = "network.host_name"
description = "the name of this machine"
type = "string"
min_length = 1
default = "cairn"
[[setting]]
path = "motd"
description = "shown at login"
type = "string"
multiline = true
default = ""
)");
        image("templates/host-name.toml",
              "format = 1\ntarget = \"etc/hostname\"\nescape = \"word\"\nservices = [\"host-name\"]\n"
              "text = \"{{ network.host_name }}\\n\"\n");
        image(
            "templates/motd.toml",
            "format = 1\ntarget = \"etc/motd\"\nescape = \"text\"\nservices = [\"greeter\", \"host-name\"]\n"
            "text = \"{{ motd }}\"\n");
    }

    void image(const std::string& name, const std::string& text) {
        const fs::path path = places_.image / name;
        make_directories(path.parent_path());
        write_file(path, text);
    }
    void store(const Json& values) {
        Store(places_.store_of(1)).commit_migrated({.values = values}, 1, {1'790'000'000, "admin", "test"});
    }
    ApplyResult boot() { return apply_settings({.places = places_, .occasion = Occasion::boot}); }
    ApplyResult change(std::optional<Json> values = {}) {
        return apply_settings({.places = places_, .values = std::move(values)});
    }
    std::string etc(const char* name) const { return read_file(places_.root / "etc" / name); }

    TemporaryDirectory work_;
    Places places_ = Places::below(work_.path());
};

TEST_F(ApplyTest, WritesAllFilesAtABootAndRestartsNothing) {
    store({{"network", {{"host_name", "gate"}}}});
    EXPECT_EQ(boot(), (ApplyResult{.files = {"etc/hostname", "etc/motd"}}));
    EXPECT_EQ(etc("hostname"), "gate\n");
    EXPECT_EQ(etc("motd"), "");
    EXPECT_FALSE(fs::exists(places_.problem()));
}

TEST_F(ApplyTest, WritesAndRestartsOnAChangeWhatItConcerns) {
    boot();
    store({{"network", {{"host_name", "gate"}}}});
    EXPECT_EQ(change(), (ApplyResult{.files = {"etc/hostname"}, .services = {"host-name"}}));
    EXPECT_EQ(change(), ApplyResult{}) << "once is enough";
}

TEST_F(ApplyTest, TakesGivenValuesForATryAndReturnsToTheStored) {
    boot();
    EXPECT_THAT(change({{{"motd", "hello"}}}).files, ElementsAre("etc/motd"));
    EXPECT_EQ(find_active_values(places_), Json({{"motd", "hello"}}));
    EXPECT_THAT(change().services, ElementsAre("greeter", "host-name"));
    EXPECT_EQ(etc("motd"), "");
}

TEST_F(ApplyTest, RefusesAChangeThatIsNotAllowedAndWritesNothing) {
    boot();
    EXPECT_THROW(change({{{"motd", 3}, {"network", {{"host_name", "gate"}}}}}), InvalidSettings);
    EXPECT_THROW(change({{{"motd", "x"}, {"network", {{"host_name", "two words"}}}}}), UsageError);
    EXPECT_EQ(etc("hostname"), "cairn\n");
    EXPECT_EQ(etc("motd"), "");
    EXPECT_EQ(find_active_values(places_), Json::object());
}

TEST_F(ApplyTest, FallsBackToTheDefaultsAtABootAndSaysSoUntilSettingsTakeEffect) {
    for (const Json& bad : {Json{{"motd", 3}}, Json{{"network", {{"host_name", "two words"}}}}}) {
        store(bad);
        const ApplyResult result = boot();
        EXPECT_THAT(result.files, ElementsAre("etc/hostname", "etc/motd"));
        EXPECT_THAT(result.problem, ::testing::AnyOf(HasSubstr("motd"), HasSubstr("host_name")));
        EXPECT_EQ(etc("hostname"), "cairn\n");
        EXPECT_EQ(read_file(places_.problem()), result.problem + "\n");
    }
    store({{"motd", "fine"}});
    change();
    EXPECT_FALSE(fs::exists(places_.problem()));
}

TEST_F(ApplyTest, GoesOnAtABootWithAStoreOrAnImageThatCannotBeRead) {
    store({{"motd", "one"}});
    write_file(places_.store_of(1) / "versions/1/values.json", "{");
    EXPECT_THAT(boot().problem, HasSubstr("values.json"));
    EXPECT_EQ(etc("hostname"), "cairn\n");
    image("settings/other.toml", "format = 7\n");
    const ApplyResult result = boot();
    EXPECT_THAT(result.problem, HasSubstr("other.toml"));
    EXPECT_THAT(result.files, IsEmpty());
}

TEST_F(ApplyTest, LeavesAStoreAloneThatIsNotToBeUsed) {
    store({{"motd", "one"}});
    const ApplyResult result =
        apply_settings({.places = places_, .occasion = Occasion::boot, .problem = "cannot migrate"});
    EXPECT_EQ(result.problem, "cannot migrate");
    EXPECT_EQ(etc("motd"), "");
}

TEST_F(ApplyTest, RestartsEverythingWhenItIsNotKnownWhatWasActive) {
    EXPECT_THAT(change().services, ElementsAre("greeter", "host-name"));
}

TEST_F(ApplyTest, KeepsWhatIsActiveFromOthers) {
    store({{"motd", 3}});
    apply_settings({.places = places_, .occasion = Occasion::boot, .group = getgid()});
    for (const fs::path& file : {places_.active(), places_.problem()})
        EXPECT_EQ(fs::status(file).permissions(),
                  fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
}

TEST_F(ApplyTest, PutsTheImagesDefaultsInThePlaceOfThePackages) {
    image("settings-defaults.json", R"({"network": {"host_name": "kiosk"}})");
    boot();
    EXPECT_EQ(etc("hostname"), "kiosk\n");
    image("settings-defaults.json", R"({"network": {"host_nam": "kiosk"}})");
    EXPECT_THAT(boot().problem, HasSubstr("did you mean 'host_name'"));
}

TEST_F(ApplyTest, FollowsNoLinkOfTheStoresOwner) {
    store({{"motd", "one"}});
    const fs::path file = places_.store_of(1) / "versions/1/values.json";
    fs::rename(file, work_.path() / "elsewhere");
    fs::create_symlink(work_.path() / "elsewhere", file);
    EXPECT_NE(boot().problem, "");
    fs::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
    EXPECT_THAT(boot().problem, HasSubstr("no plain file"));
    fs::rename(places_.store_of(1), work_.path() / "moved");
    fs::create_symlink(work_.path() / "moved", places_.store_of(1));
    EXPECT_NE(boot().problem, "");
}

}  // namespace
}  // namespace cairn::settings
