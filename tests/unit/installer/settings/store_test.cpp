#include "installer/settings/store.h"

#include <gmock/gmock.h>
#include <print>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "tests/support/stop_after.h"
#include "tests/unit/installer/settings/example_schema.h"

namespace cairn::settings {
namespace {

namespace fs = std::filesystem;
using cairn::testing::run_and_stop_after;
using cairn::testing::Stopped;

class StoreTest : public ::testing::Test {
  protected:
    Values motd(const std::string& text) { return verify_values({{"motd", text}}, schema_); }
    std::uint64_t commit(Store& store, const std::string& text) {
        return store.commit(motd(text), {1'790'000'000, "admin 'laptop'", "set motd"});
    }
    static Json shown(const Store& store) { return store.read_current().value("motd", Json("nothing")); }
    fs::path place() const { return work_.path() / "settings"; }

    TemporaryDirectory work_;
    Schema schema_ = example_schema();
    Change undo_{1'790'000'001, "admin", "undo"};
};

TEST_F(StoreTest, BeginsWithNothingSet) {
    const Store store(place());
    EXPECT_EQ(store.current(), 0U);
    EXPECT_EQ(store.read_current(), Json::object());
    EXPECT_TRUE(store.history().empty());
    EXPECT_FALSE(store.find_undo());
}

TEST_F(StoreTest, KeepsWhatWasCommittedAndWhoDidIt) {
    Store store(place());
    EXPECT_EQ(commit(store, "one"), 1U);
    EXPECT_EQ(commit(store, "two"), 2U);
    EXPECT_EQ(commit(store, "two"), 2U) << "nothing changed";
    const Store again(place());
    EXPECT_EQ(shown(again), "two");
    EXPECT_EQ(again.read(1).at("motd"), "one");
    const Change change{1'790'000'000, "admin 'laptop'", "set motd"};
    EXPECT_EQ(again.history(), (std::vector<HistoryEntry>{{1, 0, {}, {}, change}, {2, 1, {}, {}, change}}));
}

TEST_F(StoreTest, IsForItsOwnerOnly) {
    Store store(place());
    commit(store, "one");
    for (const char* directory : {"", "versions", "versions/1"})
        EXPECT_EQ(fs::status(place() / directory).permissions(), fs::perms::owner_all) << directory;
    EXPECT_EQ(fs::status(place() / "versions/1/values.json").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(StoreTest, UndoesStepByStepAndCanGoForwardAgain) {
    Store store(place());
    for (const char* text : {"one", "two", "three"}) commit(store, text);
    for (const char* text : {"two", "one"}) {
        store.return_to(store.find_undo().value(), schema_, undo_);
        EXPECT_EQ(shown(store), text);
    }
    EXPECT_EQ(store.find_undo(), 0U);
    store.return_to(0, schema_, undo_);
    EXPECT_EQ(store.read_current(), Json::object());
    EXPECT_FALSE(store.find_undo());
    store.return_to(3, schema_, undo_);
    EXPECT_EQ(shown(store), "three");
    commit(store, "four");
    store.return_to(store.find_undo().value(), schema_, undo_);
    EXPECT_EQ(shown(store), "three");
}

TEST_F(StoreTest, ReturnsOnlyToWhatTheSchemaAllows) {
    Store store(place());
    commit(store, "one");
    commit(store, "two");
    EXPECT_THROW(store.return_to(1, Schema(), undo_), InvalidSettings);
    EXPECT_EQ(shown(store), "two");
}

TEST_F(StoreTest, KeepsABoundedHistory) {
    Store store(place(), 5);
    for (int i = 1; i <= 10; ++i) commit(store, std::to_string(i));
    EXPECT_EQ(store.history().size(), 5U);
    EXPECT_EQ(shown(store), "10");
    EXPECT_EQ(store.read(6).at("motd"), "6");
    EXPECT_THROW(store.read(5), Error);
    for (int i = 0; i < 2; ++i) store.return_to(store.find_undo().value(), schema_, undo_);
    EXPECT_EQ(shown(store), "8");
    EXPECT_FALSE(store.find_undo()) << "what is gone cannot be returned to";
    EXPECT_EQ(store.history().size(), 5U);
}

TEST_F(StoreTest, RefusesWhatItCannotRead) {
    Store store(place());
    commit(store, "one");
    write_file(place() / "versions/1/values.json", "{");
    EXPECT_THROW(store.read_current(), VerifyError);
    write_file(place() / "versions/1/values.json", R"({"format": 2, "values": {}})");
    EXPECT_THROW(store.read_current(), VerifyError);
    fs::remove(place() / "current");
    fs::create_symlink("../elsewhere", place() / "current");
    EXPECT_THROW(store.current(), VerifyError);
}

TEST_F(StoreTest, HoldsTheOldOrTheNewSettingsAfterEveryStop) {
    const auto prepare = [&] {
        remove_tree(place());
        Store store(place(), 2);
        for (const char* text : {"one", "two", "three"}) commit(store, text);
    };
    std::size_t old_states = 0;
    std::size_t new_states = 0;
    for (std::size_t step = 1;; ++step) {
        prepare();
        const Stopped result = run_and_stop_after(step, [&] {
            Store store(place(), 2);
            commit(store, "four");
        });
        ASSERT_FALSE(result.has_failed);
        if (!result.was_stopped) break;
        Store store(place(), 2);
        const bool is_old = shown(store) == "three";
        ASSERT_TRUE(is_old || shown(store) == "four") << "stopped after step " << step;
        (is_old ? old_states : new_states)++;
        ASSERT_FALSE(store.history().empty());
        ASSERT_EQ(store.history().back().version, is_old ? 3U : 4U);
        // And it can be changed as if nothing had been, with nothing left over.
        commit(store, "five");
        ASSERT_EQ(shown(store), "five");
        ASSERT_EQ(store.history().size(), 2U);
        ASSERT_EQ(std::distance(fs::directory_iterator(place() / "versions"), {}), 2);
    }
    std::println("commit: {} stops found the old settings, {} the new ones", old_states, new_states);
    EXPECT_GT(old_states, 8U);
    EXPECT_GT(new_states, 3U);
}

}  // namespace
}  // namespace cairn::settings
