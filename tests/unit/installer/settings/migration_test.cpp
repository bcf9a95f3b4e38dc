#include "installer/settings/migration.h"

#include <gmock/gmock.h>
#include <print>
#include <random>

#include "installer/settings/values.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::settings {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view one_to_two = R"(
format = 1
from = 1

[[step]]
do = "move"
path = "host"
to = "network.host_name"

[[step]]
do = "map"
path = "level"
[[step.values]]
older = "info"
newer = "normal"
[[step.values]]
older = "notice"
newer = "normal"
[[step.values]]
older = 3
newer = "loud"

[[step]]
do = "remove"
path = "network.legacy"

[[step]]
do = "preset"
path = "ntp.on"
value = false
)";

constexpr std::string_view two_to_three = R"(
format = 1
from = 2

[[step]]
do = "add"
path = "api.port"

[[step]]
do = "move"
path = "network.host_name"
to = "system.name"
)";

class MigrationTest : public ::testing::Test {
  protected:
    Migrated go(Migrated state, std::int64_t from, std::int64_t to) {
        return migrate(std::move(state), migrations_, from, to);
    }
    std::vector<Migration> migrations_{parse_migration(one_to_two, "/lib/1.toml"),
                                       parse_migration(two_to_three, "/lib/2.toml")};
};

TEST_F(MigrationTest, CarriesEveryStepOut) {
    const Migrated old{Json::parse(R"({"host": "gate", "level": "notice", "network": {"legacy": [1, 2]}})"),
                       Json::object()};
    const Migrated now = go(old, 1, 3);
    EXPECT_EQ(now.values,
              Json::parse(R"({"system": {"name": "gate"}, "level": "normal", "ntp": {"on": false}})"));
    EXPECT_EQ(go(now, 3, 1).values, old.values);
}

TEST_F(MigrationTest, KeepsWhatWasSetInTheNewerFormatForTheNextWayForward) {
    Migrated now = go({}, 1, 3);
    set_value(now.values, "api.port", 8443);
    set_value(now.values, "level", "loud");
    set_value(now.values, "ntp.on", true);
    const Migrated old = go(now, 3, 1);
    EXPECT_EQ(old.values, Json::parse(R"({"level": 3, "ntp": {"on": true}})"));
    EXPECT_EQ(go(old, 1, 3).values, now.values);
}

TEST_F(MigrationTest, LetsAValueSetSinceThenStand) {
    Migrated now = go({Json::parse(R"({"level": "notice"})"), Json::object()}, 1, 2);
    set_value(now.values, "level", "loud");
    EXPECT_EQ(go(now, 2, 1).values.at("level"), 3);
}

TEST_F(MigrationTest, ForwardAndBackwardKeepsEveryValue) {
    std::mt19937 random(4);
    const auto pick = [&](const std::vector<Json>& values) { return values[random() % values.size()]; };
    const std::vector<std::pair<const char*, std::vector<Json>>> settings = {
        {"host", {"gate", "", "a"}},
        {"level", {"info", "notice", "normal", 3, "other", nullptr}},
        {"network.legacy", {Json::array(), 7, false}},
        {"ntp.on", {true, false}},
        {"ntp.servers", {Json::array({"a"})}},
        {"other.deep.setting", {1, "x"}},
    };
    for (int round = 0; round < 5000; ++round) {
        Migrated state;
        for (const auto& [path, values] : settings)
            if (random() % 2 == 0) set_value(state.values, path, pick(values));
        const auto far = static_cast<std::int64_t>(1 + random() % 3);
        const Migrated back = go(go(state, 1, far), far, 1);
        ASSERT_EQ(back.values, state.values) << "by way of " << far;
        ASSERT_EQ(go(back, 1, far).values, go(state, 1, far).values);
    }
}

TEST_F(MigrationTest, RefusesToLayOneValueOverAnother) {
    EXPECT_THROW(go({Json::parse(R"({"host": "a", "network": {"host_name": "b"}})"), Json::object()}, 1, 2),
                 UsageError);
}

TEST_F(MigrationTest, SaysWhichMigrationIsMissing) {
    try {
        go({}, 1, 5);
        FAIL() << "it went";
    } catch (const UsageError& error) {
        EXPECT_THAT(error.message(), HasSubstr("from format 3 to 4"));
    }
    EXPECT_THROW(go({}, 9, 8), UsageError);
}

TEST_F(MigrationTest, RefusesFilesThatAreWrong) {
    for (const char* step : {"do = \"mov\"\npath = \"a\"", "do = \"move\"\npath = \"a\"",
                             "do = \"remove\"\npath = \"A\"", "do = \"map\"\npath = \"a\"",
                             "do = \"preset\"\npath = \"a\"", "do = \"remove\"\npath = \"a\"\nto = \"b\""})
        EXPECT_THROW(
            parse_migration(std::format("format = 1\nfrom = 1\n[[step]]\n{}\n", step), "/lib/x.toml"),
            UsageError)
            << step;
    EXPECT_THROW(parse_migration("format = 1\nfrom = 0\n", "/lib/x.toml"), UsageError);
    const TemporaryDirectory work;
    write_file(work.path() / "b.toml", one_to_two);
    EXPECT_EQ(read_migrations(work.path()).size(), 1U);
    write_file(work.path() / "a.toml", one_to_two);
    EXPECT_THROW(read_migrations(work.path()), UsageError);
}

}  // namespace
}  // namespace cairn::settings
