#include "installer/update/choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "pkg/tuf/metadata.h"

namespace cairn::update {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A list of 0.9 to 1.3, and a device that runs 1.0 with nothing set.
class ChooseUpdate : public testing::Test {
  protected:
    UpdatesList list_ = {.name = "base",
                         .versions = {{.version = "1.3"},
                                      {.version = "1.2"},
                                      {.version = "1.1"},
                                      {.version = "1.1~rc1"},
                                      {.version = "1.0"},
                                      {.version = "0.9"}}};
    ChoiceContext context_ = {.name = "base",
                              .version = "1.0",
                              .seed = 700,
                              .now = tuf::parse_time("2026-11-21T12:00:00Z")};  // a Saturday

    OfferedVersion& offer(std::string_view version) {
        return *std::ranges::find(list_.versions, version, &OfferedVersion::version);
    }
    Choice choose() const { return choose_update(list_, context_); }
    std::string chosen() const {
        const Choice choice = choose();
        return choice.chosen ? choice.chosen->version : "none";
    }
    /// "1.3: wave, 1.2: denied"
    std::string refused() const {
        std::string text;
        for (const NotOffered& refusal : choose().not_offered)
            text +=
                std::format("{}{}: {}", text.empty() ? "" : ", ", refusal.version, to_text(refusal.refusal));
        return text;
    }
    std::string why(std::string_view version) const {
        for (const NotOffered& refusal : choose().not_offered)
            if (refusal.version == version) return refusal.why;
        return "";
    }
    void deny(const std::string& version, slots::Ban ban = slots::Ban::denied) {
        context_.denied.push_back(
            {.image = {.name = "base", .version = version}, .ban = ban, .cause = "web did not answer"});
    }
};

TEST_F(ChooseUpdate, TakesTheNewest) {
    EXPECT_EQ(chosen(), "1.3");
    EXPECT_EQ(refused(), "");
}

TEST_F(ChooseUpdate, TakesNothingOlderByItself) {
    context_.version = "1.3";
    EXPECT_EQ(choose(), Choice());
    context_.version = "1.1";
    list_.versions.erase(list_.versions.begin(), list_.versions.begin() + 2);
    EXPECT_EQ(choose(), Choice()) << "1.1~rc1 comes before 1.1";
}

TEST_F(ChooseUpdate, TakesNoOtherImageAndNoOtherArchitecture) {
    list_.name = "dev";
    EXPECT_EQ(chosen(), "none");
    EXPECT_THAT(why("1.3"), HasSubstr("of image 'dev', this device runs 'base'"));
    list_.name = "base";
    list_.architecture = layout::Architecture::aarch64;
    EXPECT_EQ(chosen(), "none");
    EXPECT_THAT(why("1.3"), HasSubstr("for aarch64, this device is x86_64"));
    context_.asked = "1.3";
    EXPECT_EQ(chosen(), "none");
}

TEST_F(ChooseUpdate, WhatFailedIsNotOfferedAgainUntilANewerOneIsThere) {
    deny("1.3");
    EXPECT_EQ(chosen(), "1.2");
    EXPECT_THAT(why("1.3"), HasSubstr("deny list: web did not answer"));
    deny("1.2", slots::Ban::held);
    deny("1.1");
    deny("1.1~rc1");
    EXPECT_EQ(refused(), "1.3: denied, 1.2: held, 1.1: denied, 1.1~rc1: denied");
    list_.versions.insert(list_.versions.begin(), {.version = "1.4"});
    EXPECT_EQ(chosen(), "1.4");
}

TEST_F(ChooseUpdate, TheDenyListOfAnotherImageSaysNothing) {
    deny("1.3");
    context_.denied[0].image.name = "dev";
    EXPECT_EQ(chosen(), "1.3");
}

TEST_F(ChooseUpdate, NothingBelowAFloorIsTakenEvenWhenAskedFor) {
    context_.asked = "0.9";
    EXPECT_EQ(chosen(), "0.9");
    context_.version_floor = "1.0";
    EXPECT_EQ(chosen(), "none");
    EXPECT_THAT(why("0.9"), HasSubstr("nothing below version 1.0"));
    context_ = {.name = "base", .version = "1.0"};
    list_.version_floor = "1.2";
    deny("1.3");
    deny("1.2");
    EXPECT_EQ(refused(), "1.3: denied, 1.2: denied, 1.1: below_floor, 1.1~rc1: below_floor");
}

TEST_F(ChooseUpdate, APinIsTheOnlyVersionThatIsTaken) {
    context_.pin = "1.1";
    EXPECT_EQ(chosen(), "1.1");
    EXPECT_EQ(refused(), "1.3: pin, 1.2: pin");
    context_.pin = "1.0";
    EXPECT_EQ(chosen(), "none");
    context_.pin = "0.9";
    EXPECT_EQ(chosen(), "0.9") << "also back";
    deny("0.9");
    EXPECT_EQ(refused(), "1.3: pin, 1.2: pin, 1.1: pin, 1.1~rc1: pin, 0.9: denied");
}

TEST_F(ChooseUpdate, AWaveReachesSeedsBelowItsBoundFromItsStartOn) {
    const std::int64_t hour = 3600;
    offer("1.3").waves = {{context_.now - hour, 700}, {context_.now, 701}, {context_.now + hour, 2048}};
    EXPECT_EQ(chosen(), "1.3");
    context_.now -= 1;
    EXPECT_EQ(chosen(), "1.2");
    EXPECT_EQ(why("1.3"), "this device's wave starts at 2026-11-21T12:00:00Z");
    context_.seed = 699;
    EXPECT_EQ(chosen(), "1.3");
    context_.seed = 2047;
    EXPECT_EQ(why("1.3"), "this device's wave starts at 2026-11-21T13:00:00Z");
    offer("1.3").waves.pop_back();
    EXPECT_EQ(why("1.3"), "no wave has reached this device's seed yet");
    context_.waves = Waves::ignored;
    EXPECT_EQ(chosen(), "1.3");
}

TEST_F(ChooseUpdate, OutsideTheWindowNothingIsTaken) {
    const auto at = [&](const char* time) {
        context_.now = tuf::parse_time(time);
        return chosen();
    };
    context_.window = UpdateWindow{.days = {}, .start = 2 * 60, .end = 4 * 60 + 30};
    EXPECT_EQ(at("2026-11-21T01:59:59Z"), "none");
    EXPECT_EQ(why("1.3"), "outside the window: 02:00 to 04:30");
    EXPECT_EQ(at("2026-11-21T02:00:00Z"), "1.3");
    EXPECT_EQ(at("2026-11-21T04:29:59Z"), "1.3");
    EXPECT_EQ(at("2026-11-21T04:30:00Z"), "none");
    context_.utc_offset = -3600;
    EXPECT_EQ(at("2026-11-21T04:30:00Z"), "1.3") << "local time";
}

TEST_F(ChooseUpdate, AWindowOverMidnightBelongsToTheDayOnWhichItBegins) {
    const auto at = [&](const char* time) {
        context_.now = tuf::parse_time(time);
        return chosen();
    };
    context_.window = UpdateWindow{.days = {6}, .start = 22 * 60, .end = 2 * 60};  // Saturday
    EXPECT_EQ(at("2026-11-21T01:00:00Z"), "none") << "that is Friday's";
    EXPECT_EQ(at("2026-11-21T22:00:00Z"), "1.3");
    EXPECT_EQ(at("2026-11-22T01:59:00Z"), "1.3");
    EXPECT_EQ(at("2026-11-22T02:00:00Z"), "none");
    EXPECT_EQ(at("2026-11-22T22:00:00Z"), "none");
    EXPECT_EQ(why("1.3"), "outside the window: Sat 22:00 to 02:00");
}

TEST_F(ChooseUpdate, ASettingsFloorIsCrossedOnlyByWhoAsksForIt) {
    offer("1.3").settings_floor = 2;
    EXPECT_EQ(chosen(), "1.2");
    EXPECT_THAT(why("1.3"), HasSubstr("no way back to settings of format 1"));
    context_.asked = "1.3";
    EXPECT_EQ(chosen(), "1.3");
    context_.asked = "";
    context_.settings_format = 2;
    EXPECT_EQ(chosen(), "1.3");
}

TEST_F(ChooseUpdate, WhoAsksForAVersionGetsItInSpiteOfPinWindowAndWave) {
    context_.asked = "1.2";
    context_.pin = "1.0";
    context_.window = UpdateWindow{.days = {1}, .start = 0, .end = 1};
    offer("1.2").waves = {{context_.now + 1, 2048}};
    EXPECT_EQ(chosen(), "1.2");
    EXPECT_EQ(refused(), "1.3: not_asked");
    deny("1.2");
    EXPECT_EQ(chosen(), "none");
    EXPECT_EQ(refused(), "1.3: not_asked, 1.2: denied, 1.1: not_asked, 1.1~rc1: not_asked");
}

TEST_F(ChooseUpdate, AskingForWhatIsNotThereOrRunsIsAnError) {
    context_.asked = "1.5";
    EXPECT_THROW(choose(), UsageError);
    context_.asked = "1.0";
    EXPECT_THROW(choose(), UsageError);
}

TEST_F(ChooseUpdate, AChannelsVersionsAreForItsDevices) {
    offer("1.3").channels = {"testing"};
    offer("1.2").channels = {"testing", "stable"};
    EXPECT_EQ(chosen(), "1.2");
    EXPECT_EQ(why("1.3"), "it is in channel 'testing', this device is in 'stable'");
    context_.channel = "testing";
    EXPECT_EQ(chosen(), "1.3");
    context_.channel = "slow";
    EXPECT_EQ(refused(), "1.3: channel, 1.2: channel");
    EXPECT_EQ(chosen(), "1.1") << "which is for all";
    context_.asked = "1.3";
    EXPECT_EQ(chosen(), "1.3") << "somebody asks for it by name";
}

}  // namespace
}  // namespace cairn::update
