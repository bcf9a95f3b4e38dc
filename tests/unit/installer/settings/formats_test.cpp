#include "installer/settings/formats.h"

#include <unistd.h>

#include <gmock/gmock.h>
#include <print>

#include "installer/settings/store.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "tests/support/stop_after.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;
using cairn::testing::run_and_stop_after;
using cairn::testing::Stopped;

constexpr std::int64_t now = 1'790'000'000;

/// Two versions of a system: in format 2 `host` has become `network.host_name`, and `debug` is gone.
class FormatsTest : public ::testing::Test {
  protected:
    void SetUp() override { make_directories(places_.store); }

    static Setting text(const std::string& path) {
        return {.path = path, .definition = {.kind = Kind::string, .least = 0, .most = 20}};
    }
    static ImageSettings image_1() {
        return {.format = 1, .schema = Schema({{"p", {text("host"), text("debug")}}})};
    }
    static ImageSettings image_2() {
        ImageSettings image{.format = 2, .schema = Schema({{"p", {text("network.host_name")}}})};
        image.migrations = {
            parse_migration("format = 1\nfrom = 1\n[[step]]\ndo = \"move\"\npath = \"host\"\n"
                            "to = \"network.host_name\"\n[[step]]\ndo = \"remove\"\npath = \"debug\"\n",
                            "1.toml")};
        return image;
    }
    StoreStart start_1() { return start_version(places_, image_1(), "1.0", now); }
    StoreStart start_2() { return start_version(places_, image_2(), "2.0", now); }
    void set(const ImageSettings& image, const Json& values) {
        Store(places_.store_of(image.format))
            .commit(verify_values(values, image.schema), {now, "admin", "set"});
    }
    Json stored(std::int64_t format) { return read_stored(places_.store_of(format)).values; }

    const Json old_ = {{"host", "gate"}, {"debug", "yes"}};
    const Json new_ = {{"network", {{"host_name", "gate"}}}};
    const Json changed_ = {{"network", {{"host_name", "door"}}}};

    TemporaryDirectory work_;
    Places places_ = Places::below(work_.path());
};

TEST_F(FormatsTest, ANewerVersionStartsWithAMigratedCopyAndLeavesTheOlderStore) {
    EXPECT_EQ(start_1(), StoreStart::same);
    set(image_1(), old_);
    EXPECT_EQ(start_2(), StoreStart::migrated);
    EXPECT_EQ(stored(2), new_);
    set(image_2(), changed_);
    EXPECT_EQ(start_2(), StoreStart::same);
    EXPECT_EQ(stored(2), changed_);
    EXPECT_EQ(stored(1), old_);
    EXPECT_EQ(Store(places_.store_of(1)).history().size(), 1U);
}

TEST_F(FormatsTest, WhoFallsBackFindsTheOlderStoreAndTheNextTryMigratesItAnew) {
    start_1();
    set(image_1(), old_);
    start_2();
    set(image_2(), changed_);
    EXPECT_EQ(start_1(), StoreStart::returned);
    EXPECT_EQ(stored(1), old_);
    set(image_1(), {{"host", "hall"}});
    EXPECT_EQ(start_2(), StoreStart::migrated);
    EXPECT_EQ(stored(2), Json({{"network", {{"host_name", "hall"}}}}));
}

TEST_F(FormatsTest, AReturnByAnOperatorKeepsWhatWasSetSinceAndWhatTheNewerFormatLacks) {
    start_1();
    set(image_1(), old_);
    start_2();
    set(image_2(), changed_);
    migrate_back(places_, image_2(), "1.0", now);
    EXPECT_EQ(start_1(), StoreStart::same);
    EXPECT_EQ(stored(1), Json({{"host", "door"}, {"debug", "yes"}}));
    EXPECT_EQ(Store(places_.store_of(1)).history().back().migrated_from, 2);
    EXPECT_EQ(start_2(), StoreStart::migrated);
    EXPECT_EQ(stored(2), changed_);
}

TEST_F(FormatsTest, AReturnToTheSameFormatOrAnUnknownVersionChangesNothing) {
    start_1();
    start_2();
    set(image_2(), changed_);
    for (const char* version : {"2.0", "0.9"}) migrate_back(places_, image_2(), version, now);
    EXPECT_EQ(start_2(), StoreStart::same);
    EXPECT_EQ(stored(1), Json::object());
}

TEST_F(FormatsTest, UndoDoesNotGoBehindAMigration) {
    start_1();
    set(image_1(), old_);
    start_2();
    EXPECT_FALSE(Store(places_.store_of(2)).find_undo());
    set(image_2(), changed_);
    EXPECT_EQ(Store(places_.store_of(2)).find_undo(), 1U);
}

TEST_F(FormatsTest, SettingsThatCannotBeMigratedChangeNothing) {
    start_1();
    set(image_1(), old_);
    ImageSettings without = image_2();
    without.migrations.clear();
    EXPECT_THROW(start_version(places_, without, "2.0", now), UsageError);
    ImageSettings strict = image_2();
    strict.schema = Schema({{"p", {text("other")}}});
    EXPECT_THROW(start_version(places_, strict, "2.0", now), InvalidSettings);
    EXPECT_THROW(try_settings(places_, strict), InvalidSettings);
    EXPECT_FALSE(fs::exists(places_.store_of(2)));
    EXPECT_EQ(start_2(), StoreStart::migrated);
}

TEST_F(FormatsTest, ATryChangesNothing) {
    EXPECT_EQ(try_settings(places_, image_2()).document(), Json::object());
    start_1();
    set(image_1(), old_);
    EXPECT_EQ(try_settings(places_, image_2()).document(), new_);
    EXPECT_FALSE(fs::exists(places_.store_of(2)));
    EXPECT_EQ(start_1(), StoreStart::same);
}

TEST_F(FormatsTest, StoppedAnywhereTheNextStartEndsTheMigration) {
    std::size_t stops = 0;
    for (std::size_t step = 1;; ++step) {
        remove_tree(places_.store);
        make_directories(places_.store);
        start_1();
        set(image_1(), old_);
        const Stopped result = run_and_stop_after(step, [&] { start_2(); });
        ASSERT_FALSE(result.has_failed);
        if (!result.was_stopped) break;
        ++stops;
        ASSERT_EQ(stored(1), old_) << "stopped after step " << step;
        if (step % 2 == 0) start_1();  // a fallback between the two
        start_2();
        ASSERT_EQ(stored(2), new_) << "stopped after step " << step;
    }
    std::println("migration: {} stops", stops);
    EXPECT_GT(stops, 10U);
}

TEST_F(FormatsTest, WhatRootWritesBelongsToTheStoresOwner) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(chown(places_.store.c_str(), 12345, 12345), 0);
    fs::permissions(work_.path(), fs::perms::others_exec, fs::perm_options::add);
    start_1();
    struct stat status = {};
    ASSERT_EQ(stat((places_.store / "formats.json").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 12345U);
    EXPECT_EQ(status.st_gid, 12345U);
    // And it goes nowhere where that owner may not.
    fs::create_directory_symlink(work_.path() / "roots", places_.store_of(2));
    fs::create_directory(work_.path() / "roots");
    EXPECT_THROW(start_2(), std::exception);
    EXPECT_TRUE(fs::is_empty(work_.path() / "roots"));
}

}  // namespace
}  // namespace cairn::settings
