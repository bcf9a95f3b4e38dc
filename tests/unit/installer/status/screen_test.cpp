#include "installer/status/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::status {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

class Screen : public testing::Test {
  protected:
    Screen() {
        write("run/cairn/boot.json",
              R"({"name": "base", "version": "0.1.0", "slot": "a", "data": "mounted", "on_trial": false,
                  "root_hash": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"})");
        write("proc/meminfo", "MemTotal:        1000000 kB\nMemFree: 1 kB\nMemAvailable:     500000 kB\n");
        write("proc/uptime", "93784.12 1000.00\n");
        write("var/x", "");
    }
    void write(const std::filesystem::path& path, std::string_view text) {
        make_directories((root_.path() / path).parent_path());
        write_file(root_.path() / path, text);
    }
    MachineState read() const { return read_machine_state(root_.path()); }
    static std::string text_of(const MachineState& state) { return join(format_screen(state), "\n"); }

    TemporaryDirectory root_;
};

TEST_F(Screen, ShowsWhatRuns) {
    MachineState state = read();
    state.machine = "Board 7";
    state.interfaces = {{"eth0", true, {"10.0.2.15"}}, {"eth1", false, {}}};
    state.services = 6;
    const auto lines = format_screen(state);
    EXPECT_EQ(lines.at(0), "cairn 0.1.0 on Board 7");
    EXPECT_THAT(lines, Contains("  image      base 0.1.0, slot a"));
    EXPECT_THAT(lines, Contains("  root hash  0123456789abcdef"));
    EXPECT_THAT(lines, Contains("  network    eth0: 10.0.2.15"));
    EXPECT_THAT(lines, Contains("  network    eth1: no cable"));
    EXPECT_THAT(lines, Contains("  services   all 6 are up"));
    EXPECT_THAT(lines, Contains("  memory     512 MB free of 1.0 GB"));
    EXPECT_THAT(lines, Contains("  up for     1 d 2 h 3 min"));
}

TEST_F(Screen, NamesServicesThatAreNotUp) {
    MachineState state = read();
    state.services = 6;
    state.services_down = {"chronyd", "syslog"};
    EXPECT_THAT(text_of(state), HasSubstr("4 of 6 are up; not: chronyd, syslog"));
}

TEST_F(Screen, AsksTheSupervisorAndTheServicesThemselves) {
    const auto add = [&](const std::string& name, std::string_view state, std::string_view check) {
        write("run/service/" + name + "/supervise/stat", state);
        if (check.empty()) return;
        write("run/service/" + name + "/check", check);
        std::filesystem::permissions(root_.path() / "run/service" / name / "check",
                                     std::filesystem::perms::owner_all);
    };
    add("good", "run\n", "");
    add("ready", "run\n", "#!/bin/sh\nexit 0\n");
    add("starting", "run\n", "#!/bin/sh\nexit 1\n");
    add("ended", "finish\n", "");
    make_directories(root_.path() / "run/service/new");
    MachineState state;
    find_services(state, root_.path() / "run/service");
    EXPECT_EQ(state.services, 5U);
    EXPECT_THAT(state.services_down, testing::ElementsAre("ended", "new", "starting"));
}

TEST_F(Screen, SaysThatNothingIsKeptWhenThereIsNoData) {
    write("run/cairn/boot.json", R"({"data": "failed", "data_error": "no room"})");
    EXPECT_THAT(text_of(read()), HasSubstr("NOT MOUNTED, nothing will be kept: no room"));
}

TEST_F(Screen, LivesWithFilesThatAreMissingOrGarbled) {
    write("proc/meminfo", "MemTotal\n");
    write("proc/uptime", "");
    for (const char* garbled : {"", "{", "[1]", R"({"name": 7, "on_trial": "yes"})"}) {
        write("run/cairn/boot.json", garbled);
        EXPECT_THAT(text_of(read()), HasSubstr("image      unknown")) << garbled;
    }
}

TEST_F(Screen, LetsNoTextSteerTheTerminal) {
    MachineState state = read();
    state.machine = "evil\033[2Jbox\n";
    state.interfaces = {{std::string(200, 'x'), true, {}}};
    for (const std::string& line : format_screen(state)) {
        EXPECT_THAT(line, Not(HasSubstr("\033")));
        EXPECT_LE(line.size(), 80U);
    }
}

TEST(Draw, RewritesLinesInPlace) {
    EXPECT_EQ(draw({"a", "b"}), "\033[Ha\033[K\r\nb\033[K\r\n\033[J");
}

}  // namespace
}  // namespace cairn::status
