#include "installer/status/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/text.h"
#include "tests/unit/installer/status/status_tree.h"

namespace cairn::status {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

services::ServiceList make_services(const std::vector<std::string>& up,
                                    const std::vector<std::string>& down) {
    services::ServiceList list = {.have_all_been_up = true};
    for (const std::string& name : up)
        list.services.push_back({.name = name, .state = services::ServiceState::up});
    for (const std::string& name : down)
        list.services.push_back({.name = name, .state = services::ServiceState::failed});
    return list;
}

class Screen : public testing::Test {
  protected:
    MachineState read() const { return read_machine_state(tree_.root()); }
    static std::vector<std::string> texts_of(const MachineState& state, ScreenSize size = {}) {
        std::vector<std::string> texts;
        for (const Line& line : format_screen(state, size)) texts.push_back(line.text);
        return texts;
    }
    static std::string text_of(const MachineState& state) { return join(texts_of(state), "\n"); }

    StatusTree tree_;
};

TEST_F(Screen, ShowsWhatRuns) {
    MachineState state = read();
    state.services = make_services({"chronyd", "klog", "syslog"}, {});
    state.data_room = Room{.amount = {1'000'000'000, 4'000'000'000}};
    state.interfaces = {{"eth0", true, {"10.0.2.15", "fec0::1"}}, {"eth1", true, {}}, {"eth2", false, {}}};
    state.now = std::chrono::sys_seconds(std::chrono::seconds(1'795'222'614));
    EXPECT_THAT(texts_of(state), ElementsAre("cairn 0.1.0 on Maker Board 7",           //
                                             "",                                       //
                                             "  image      base 0.1.0, slot a",        //
                                             "  root hash  0123456789abcdef",          //
                                             "  services   all 3 are up",              //
                                             "  data       1.0 GB free of 4.0 GB",     //
                                             "  memory     512 MB free of 1.0 GB",     //
                                             "  time       2026-11-21 00:56 UTC",      //
                                             "  up for     1 d 2 h 3 min",             //
                                             "  network    eth0: 10.0.2.15, fec0::1",  //
                                             "  network    eth1: no address yet",      //
                                             "  network    eth2: no cable",            //
                                             "",                                       //
                                             "  r: restart   p: power off"));
}

TEST_F(Screen, SaysThatAVersionIsOnTrialAndWhoseKeysItHas) {
    tree_.write("usr/lib/cairn/release.json",
                R"({"name": "base", "version": "0.2.0", "development_keys": true})");
    tree_.write("run/cairn/boot.json", R"({"slot": "b", "on_trial": true, "data": "mounted"})");
    EXPECT_THAT(text_of(read()), HasSubstr("base 0.2.0, slot b, on trial"));
    EXPECT_THAT(text_of(read()), HasSubstr("DEVELOPMENT KEYS"));
}

TEST_F(Screen, ShowsTheApisKeyAndNothingElseInItsPlace) {
    tree_.write("run/cairn/daemon/fingerprint",
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
    EXPECT_THAT(texts_of(read()), Contains("  api key    0123 4567 89ab cdef 0123 4567 89ab cdef 0123 4567 "
                                           "89ab cdef 0123"));
    EXPECT_THAT(texts_of(read()), Contains("             4567 89ab cdef"));
    tree_.write("run/cairn/daemon/fingerprint", "root:a secret\n");
    EXPECT_THAT(text_of(read()), Not(HasSubstr("api key")));
}

TEST_F(Screen, NamesServicesThatAreNotUp) {
    MachineState state = read();
    state.services = make_services({"hotplug", "klog", "udhcpc", "watchdog"}, {"chronyd", "syslog"});
    EXPECT_THAT(texts_of(state), Contains("  services   4 of 6 are up; not: chronyd, syslog"));
    state.services.have_all_been_up = false;
    EXPECT_THAT(texts_of(state), Contains("  services   starting, 4 of 6 are up; not: chronyd, syslog"));
}

TEST_F(Screen, SaysThatDataIsDegraded) {
    MachineState state = read();
    state.data_room = Room{.amount = {1000, 2000}, .is_read_only = true};
    EXPECT_THAT(text_of(state), HasSubstr("DEGRADED: read-only"));
    tree_.write("run/cairn/boot.json", R"({"data": "failed", "data_error": "no room"})");
    EXPECT_THAT(text_of(read()), HasSubstr("DEGRADED: not mounted, nothing will be kept: no room"));
}

TEST_F(Screen, LivesWithFilesThatAreMissingOrGarbled) {
    EXPECT_THAT(text_of(read_machine_state(tree_.root() / "nothing")), HasSubstr("image      unknown"));
    tree_.write("proc/meminfo", "MemTotal\nMemAvailable: many kB\n");
    tree_.write("proc/uptime", "");
    for (const char* garbled :
         {"", "{", "[1]", "\xff\xfe", R"({"name": 7, "slot": [], "on_trial": "yes"})"}) {
        tree_.write("run/cairn/boot.json", garbled);
        tree_.write("usr/lib/cairn/release.json", garbled);
        EXPECT_THAT(text_of(read()), HasSubstr("image      unknown, slot unknown")) << garbled;
        EXPECT_THAT(text_of(read()), HasSubstr("memory     unknown")) << garbled;
    }
    std::filesystem::remove(tree_.root() / "run/cairn/boot.json");
    make_directories(tree_.root() / "run/cairn/boot.json");
    EXPECT_THAT(text_of(read()), HasSubstr("slot unknown"));
}

TEST_F(Screen, LetsNoTextSteerTheTerminal) {
    MachineState state = read();
    state.machine = "evil\033[2Jbox\n\x9b\x7f";
    state.data = "failed";
    state.data_error = "\033]0;x\007";
    for (const std::string& line : texts_of(state))
        for (const char letter : line) EXPECT_TRUE(letter >= ' ' && letter < 0x7f) << line;
}

TEST_F(Screen, FitsAnyTerminal) {
    MachineState state = read();
    state.machine = std::string(200, 'm');
    state.services = make_services({}, std::vector<std::string>(40, "service"));
    state.interfaces = std::vector<NetworkInterface>(30, {std::string(200, 'x'), true, {"10.0.2.15"}});
    for (const ScreenSize size : {ScreenSize{}, ScreenSize{132, 50}, ScreenSize{40, 10}, ScreenSize{26, 4}}) {
        const auto lines = texts_of(state, size);
        EXPECT_LT(lines.size(), size.rows);
        for (const std::string& line : lines) EXPECT_LE(line.size(), size.columns);
        EXPECT_THAT(lines.back(), HasSubstr("r: restart"));
    }
}

TEST_F(Screen, BreaksLongLinesAtBlanks) {
    MachineState state = read();
    state.services = make_services({}, std::vector<std::string>(20, "service"));
    state.services.have_all_been_up = false;
    const auto lines = texts_of(state);
    EXPECT_THAT(lines, Contains(testing::StartsWith("  services   starting, 0 of 20")));
    EXPECT_THAT(lines, Contains(testing::StartsWith("             service, service")));
}

TEST(Draw, DrawsEverythingOnAnEmptyScreen) {
    EXPECT_EQ(draw({}, {{"a"}, {"b"}}), "\033[1;1Ha\033[K\033[2;1Hb\033[K\033[3;1H\033[J");
}

TEST(Draw, SendsOnlyTheLinesThatChanged) {
    EXPECT_EQ(draw({{"a"}, {"b"}, {"c"}}, {{"a"}, {"x"}, {"c"}}), "\033[2;1Hx\033[K\033[4;1H");
    EXPECT_EQ(draw({{"a"}, {"b"}}, {{"a"}, {"b"}}), "");
}

TEST(Draw, WipesLinesThatAreGone) {
    EXPECT_EQ(draw({{"a"}, {"b"}}, {{"a"}}), "\033[2;1H\033[K\033[2;1H");
}

TEST(ListChanges, RepeatsNothingAndLeavesOutWhatMovesByItself) {
    const std::vector<Line> before{{"a"}, {""}, {"12:00", Line::Kind::moving}, {"up"}};
    const std::vector<Line> after{{"a"}, {""}, {"12:01", Line::Kind::moving}, {"down"}};
    EXPECT_EQ(list_changes({}, before), "a\nup\n");
    EXPECT_EQ(list_changes(before, after), "down\n");
    EXPECT_EQ(list_changes(after, after), "");
}

}  // namespace
}  // namespace cairn::status
