#include "installer/update/updates_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/repo/updates_file.h"

namespace cairn::update {
namespace {

const std::string hash = crypto::hash_sha256("x").to_hex();

Json make_manifest(const std::string& version) {
    return {{"name", "base"},    {"architecture", "aarch64"},      {"version", version},
            {"root_hash", hash}, {"date", "2026-11-20T00:00:00Z"}, {"settings_format", 3}};
}

Json make_list() {
    return repo::add_version(nullptr, make_manifest("1.10"),
                             {.notes = "Mends a leak\nin chrony",
                              .waves = std::vector<repo::Wave>{{60, 20}, {120, 2048}},
                              .version_floor = "1.0",
                              .settings_floor = 2});
}

UpdatesList parse(const Json& json) {
    return parse_updates_list(parse_json(format_json(json), "updates.json"), "updates.json");
}

TEST(UpdatesList, IsWhatTheMakerPublished) {
    const Json json = repo::add_version(make_list(), make_manifest("1.9"), {});
    EXPECT_EQ(parse(json), (UpdatesList{.name = "base",
                                        .architecture = layout::Architecture::aarch64,
                                        .version_floor = "1.0",
                                        .versions = {{.version = "1.10",
                                                      .date = "2026-11-20T00:00:00Z",
                                                      .root_hash = crypto::parse_hash(hash),
                                                      .notes = "Mends a leak\nin chrony",
                                                      .settings_format = 3,
                                                      .settings_floor = 2,
                                                      .waves = {{60, 20}, {120, 2048}}},
                                                     {.version = "1.9",
                                                      .date = "2026-11-20T00:00:00Z",
                                                      .root_hash = crypto::parse_hash(hash),
                                                      .settings_format = 3}}}));
}

TEST(UpdatesList, RefusesWhatIsMissing) {
    for (const char* const key : {"format", "name", "architecture", "versions"}) {
        Json json = make_list();
        json.erase(key);
        EXPECT_THROW(parse(json), VerifyError) << key;
    }
    for (const char* const key : {"date", "root_hash"}) {
        Json json = make_list();
        json["versions"]["1.10"].erase(key);
        EXPECT_THROW(parse(json), VerifyError) << key;
    }
}

TEST(UpdatesList, RefusesWhatCannotBe) {
    const Json late{{"start", "2026-11-20T00:00:00Z"}, {"seeds_below", 20}};
    const Json early{{"start", "2026-11-19T00:00:00Z"}, {"seeds_below", 30}};
    for (const auto& [pointer, value] :
         std::vector<std::pair<const char*, Json>>{{"/format", 2},
                                                   {"/name", "../base"},
                                                   {"/architecture", "sparc"},
                                                   {"/version_floor", "/"},
                                                   {"/version_floor", 1},
                                                   {"/versions", Json::array()},
                                                   {"/versions/v1", make_list()["versions"]["1.10"]},
                                                   {"/versions/1.10", 5},
                                                   {"/versions/1.10/date", "yesterday"},
                                                   {"/versions/1.10/root_hash", "abc"},
                                                   {"/versions/1.10/notes", 5},
                                                   {"/versions/1.10/notes", "\x1b[2J"},
                                                   {"/versions/1.10/notes", std::string(5000, 'a')},
                                                   {"/versions/1.10/settings_floor", -1},
                                                   {"/versions/1.10/waves", 5},
                                                   {"/versions/1.10/waves/0/start", 5},
                                                   {"/versions/1.10/waves/0/seeds_below", 0},
                                                   {"/versions/1.10/waves/0/seeds_below", 2048},
                                                   {"/versions/1.10/waves/1/seeds_below", 2049},
                                                   {"/versions/1.10/waves", {late, early}},
                                                   {"/versions/1.10/waves", std::vector<Json>(65, late)}}) {
        Json json = make_list();
        json[Json::json_pointer(pointer)] = value;
        EXPECT_THROW(parse(json), VerifyError) << pointer << " " << value;
    }
}

TEST(UpdatesFile, KeepsWhatIsNotGivenAgain) {
    const Json json = make_list();
    EXPECT_EQ(repo::add_version(json, make_manifest("1.10"), {}), json);
    const Json faster = repo::add_version(json, make_manifest("1.10"), {.waves = std::vector<repo::Wave>{}});
    EXPECT_TRUE(parse(faster).versions[0].waves.empty());
    EXPECT_EQ(parse(faster).versions[0].notes, "Mends a leak\nin chrony");
}

TEST(UpdatesFile, ItsFloorNeverGoesDown) {
    const Json json = make_list();
    EXPECT_THROW(repo::add_version(json, make_manifest("1.11"), {.version_floor = "0.9"}), UsageError);
    EXPECT_THROW(repo::add_version(json, make_manifest("0.9"), {}), UsageError);
    EXPECT_THROW(repo::add_version(json, make_manifest("1.11"), {.version_floor = "1.12"}), UsageError);
    EXPECT_EQ(parse(repo::add_version(json, make_manifest("1.11"), {.version_floor = "1.11"})).version_floor,
              "1.11");
}

TEST(UpdatesFile, HoldsNothingThatDevicesWouldRefuse) {
    for (const repo::OfferTerms& terms :
         {repo::OfferTerms{.notes = "\x1b[2J"}, repo::OfferTerms{.notes = std::string(5000, 'a')},
          repo::OfferTerms{.waves = std::vector<repo::Wave>{{60, 20}, {120, 20}}},
          repo::OfferTerms{.waves = std::vector<repo::Wave>{{60, 20}, {50, 30}}},
          repo::OfferTerms{.waves = std::vector<repo::Wave>{{60, 2049}}},
          repo::OfferTerms{.version_floor = "not a version"}})
        EXPECT_THROW(repo::add_version(nullptr, make_manifest("1.10"), terms), UsageError);
}

}  // namespace
}  // namespace cairn::update
