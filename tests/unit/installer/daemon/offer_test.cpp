#include "installer/daemon/offer.h"

#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::daemon {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t saturday_noon = 1'795'262'400;  // 2026-11-21T12:00:00Z

Json describe_version(const std::string& notes) {
    return {{"date", "2026-11-20T00:00:00Z"}, {"root_hash", std::string(64, 'a')}, {"notes", notes}};
}

/// What is passed on to the rules: a device that runs 1.0, a repository that has 1.1 and 1.2.
class OfferTest : public testing::Test {
  protected:
    Offer choose() const {
        return choose_offer({.updates = updates_,
                             .image = {.name = "base", .architecture = "x86_64", .version = "1.0"},
                             .state = state_,
                             .settings = settings_,
                             .now = saturday_noon,
                             .only = only_},
                            700, 0);
    }
    /// The version and why the newer ones are not it.
    std::string outcome() const {
        const Offer offer = choose();
        std::string text = offer.version.value_or("none");
        for (const auto& [version, why] : offer.not_offered) text += std::format("; {}: {}", version, why);
        return text;
    }

    Json updates_ = {
        {"format", 1},
        {"name", "base"},
        {"architecture", "x86_64"},
        {"versions", {{"1.1", describe_version("")}, {"1.2", describe_version("mends the lamp")}}}};
    Json state_ = {{"denied", Json::array()}};
    Json settings_ = Json::object();
    std::optional<std::string> only_;
};

TEST_F(OfferTest, TellsWhatIsNew) {
    EXPECT_EQ(choose().version, "1.2");
    EXPECT_EQ(choose().notes, "mends the lamp");
    EXPECT_EQ(choose().date, "2026-11-20T00:00:00Z");
}

TEST_F(OfferTest, HeedsWhatTheHelperDenies) {
    state_["denied"] = Json::array(
        {{{"name", "base"}, {"version", "1.2"}, {"ban", "denied"}, {"cause", "it panics"}, {"time", 1}}});
    EXPECT_THAT(outcome(), HasSubstr("1.1; 1.2: "));
    EXPECT_THAT(outcome(), HasSubstr("it panics"));
}

TEST_F(OfferTest, HeedsTheChannel) {
    updates_["versions"]["1.2"]["channels"] = {"testing"};
    EXPECT_EQ(outcome(), "1.1; 1.2: it is in channel 'testing', this device is in 'stable'");
    settings_ = {{"updates", {{"channel", "testing"}}}};
    EXPECT_EQ(outcome(), "1.2");
}

TEST_F(OfferTest, TheMachinesOwnSeedCountsWhereNoneIsSet) {
    updates_["versions"]["1.2"]["waves"] = {{{"start", "2026-11-20T00:00:00Z"}, {"seeds_below", 700U}}};
    EXPECT_EQ(outcome(), "1.1; 1.2: no wave has reached this device's seed yet");
    updates_["versions"]["1.2"]["waves"][0]["seeds_below"] = 701U;
    EXPECT_EQ(outcome(), "1.2");
    settings_ = {{"updates", {{"seed", 701U}}}};
    EXPECT_EQ(outcome(), "1.1; 1.2: no wave has reached this device's seed yet");
}

TEST_F(OfferTest, HeedsPinAndWindow) {
    settings_ = {{"updates", {{"pin", "1.1"}}}};
    EXPECT_THAT(outcome(), HasSubstr("1.1"));
    settings_ = {{"updates", {{"window", {{"days", {"sun"}}, {"start", "10:00"}, {"end", "14:00"}}}}}};
    EXPECT_THAT(outcome(), HasSubstr("none; "));
    settings_["updates"]["window"]["days"] = {"sat"};
    EXPECT_EQ(outcome(), "1.2");
    settings_["updates"]["window"]["start"] = "12:01";
    EXPECT_THAT(outcome(), HasSubstr("none; "));
}

TEST_F(OfferTest, GivesAnOperatorTheVersionAskedFor) {
    only_ = "1.1";
    EXPECT_EQ(choose().version, "1.1");
    only_ = "7.0";
    EXPECT_THROW(choose(), Error);
}

TEST_F(OfferTest, HeedsTheSeedThatIsSet) {
    updates_["versions"]["1.2"]["waves"] = {{{"start", "2026-11-20T00:00:00Z"}, {"seeds_below", 100U}},
                                            {{"start", "2026-11-25T00:00:00Z"}, {"seeds_below", 2048U}}};
    settings_ = {{"updates", {{"seed", 99U}}}};
    EXPECT_EQ(choose().version, "1.2");
    settings_["updates"]["seed"] = 100U;
    EXPECT_EQ(choose().version, "1.1");
    settings_["updates"]["ignore_waves"] = true;
    EXPECT_EQ(choose().version, "1.2");
}

}  // namespace
}  // namespace cairn::daemon
