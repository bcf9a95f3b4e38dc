#include "installer/daemon/story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Json event(const char* kind, const char* root_hash, const char* boot_file = "", const char* message = "") {
    return {
        {"boot", "b"},       {"time", 1}, {"event", kind}, {"root_hash", root_hash}, {"boot_file", boot_file},
        {"message", message}};
}

Json make_state(std::vector<Json> boots) {
    return {{"running", {{"version", "1.0"}, {"root_hash", "aa"}}}, {"boots", std::move(boots)}};
}

Json denied(const char* version, const char* ban, const char* cause) {
    return {{"version", version}, {"ban", ban}, {"cause", cause}};
}

TEST(Story, IsShortWhenNothingHappened) {
    EXPECT_THAT(tell_story(Json::object()), IsEmpty());
    EXPECT_THAT(tell_story(make_state({event("attempt", "aa"), event("good", "aa")})), IsEmpty());
}

TEST(Story, TellsWhyAVersionWasLeft) {
    Json state = make_state({event("trial", "bb", "base_2.0+3-0.efi"), event("attempt", "bb"),
                             event("attempt", "bb"), event("failure", "bb", "", "service 'app' is down"),
                             event("attempt", "bb"), event("attempt", "aa"),
                             event("fallback", "bb", "base_2.0+0-3.efi", "2.0 failed"), event("good", "aa")});
    state["denied"] = Json::array({denied("2.0", "denied", "service 'app' is down")});
    EXPECT_THAT(tell_story(state), ElementsAre("version 2.0 was tried 3 times and never came up: service "
                                               "'app' is down; it is on the deny list"));
    state["denied"][0]["ban"] = "held";
    EXPECT_THAT(tell_story(state),
                ElementsAre("version 2.0 was tried 3 times and never came up: service 'app' is down; it is "
                            "held until the version that runs is found good"));
}

TEST(Story, TellsOfAVersionThatCameUpAndOneThatIsDenied) {
    Json state = make_state({event("trial", "aa", "base_1.0+3-0.efi"), event("attempt", "aa"),
                             event("good", "aa", "base_1.0.efi"), event("attempt", "aa"),
                             event("failure", "aa", "", "the root cannot be opened")});
    state["denied"] =
        Json::array({denied("0.9", "denied", "by operator"), denied("0.8", "denied", "it panics")});
    state["step"] = "ready";
    state["image"] = {{"name", "base"}, {"version", "2.0"}};
    EXPECT_THAT(
        tell_story(state),
        ElementsAre("version 1.0 was tried and found good", "version 1.0 failed: the root cannot be opened",
                    "version 0.9 was left by an operator's rollback; it is on the deny list",
                    "version 0.8 is not offered: it panics; it is on the deny list",
                    "version 2.0 is tried at the next boot"));
}

TEST(Story, TellsWhatIsStillOpen) {
    Json state = make_state({});
    state["running"]["on_trial"] = true;
    state["running"]["tries_left"] = 2;
    state["failed_trial"] = {{"name", "base"}, {"version", "3.0"}, {"tries", 1}, {"last_failure", ""}};
    EXPECT_THAT(tell_story(state),
                ElementsAre("version 1.0 is on trial, 2 more tries are left",
                            "version 3.0 was tried once and never came up; it is still to be judged"));
}

}  // namespace
}  // namespace cairn::daemon
