#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "installer/services/crashes.h"
#include "pkg/base/dir.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

/// The program that writes what read_crashes reads, with the shell of this machine.
namespace cairn::services {
namespace {

class RecordCrash : public testing::Test {
  protected:
    void record(const std::string& service, int code = 1, int signal = 0) const {
        run_command_checked(
            {.arguments = {"sh", std::string(CAIRN_SOURCE_DIR) + "/recipes/cairn-services/bin/record-crash",
                           service, std::to_string(code), std::to_string(signal)},
             .environment = {"CAIRN_CRASHES=" + crashes().string(),
                             "CAIRN_LOGS=" + (directory_.path() / "log").string()}});
    }
    void log(const std::string& service, const std::string& text) const {
        make_directories(directory_.path() / "log" / service);
        write_file(directory_.path() / "log" / service / "current", text);
    }
    std::filesystem::path crashes() const { return directory_.path() / "crashes"; }
    std::vector<std::string> services() const {
        std::vector<std::string> names;
        for (const Crash& crash : read_crashes(crashes())) names.push_back(crash.service);
        return names;
    }

    TemporaryDirectory directory_;
};

TEST_F(RecordCrash, KeepsHowItEndedAndItsLastWords) {
    std::string lines;
    for (int line = 1; line <= 30; ++line) lines += std::format("line {}\n", line);
    log("app@one", lines);
    record("app@one", -1, 11);
    const auto found = read_crashes(crashes());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].service, "app@one");
    EXPECT_EQ(found[0].ending, (Ending{.code = -1, .signal = 11}));
    EXPECT_EQ(found[0].boot, trim(read_file("/proc/sys/kernel/random/boot_id")));
    EXPECT_GT(found[0].time, 1'700'000'000);
    EXPECT_EQ(found[0].log, lines.substr(lines.find("line 11\n")));
}

TEST_F(RecordCrash, AServiceThatNeverWroteHasARecordToo) {
    record("silent");
    EXPECT_THAT(services(), testing::ElementsAre("silent"));
}

TEST_F(RecordCrash, OneServiceCannotPushTheOthersOut) {
    record("rare");
    for (int crash = 0; crash < 10; ++crash) record("often");
    std::vector<std::string> expected(9, "often");
    expected[0] = "rare";
    EXPECT_EQ(services(), expected);
}

TEST_F(RecordCrash, NeverMoreThan64AreKept) {
    make_directories(crashes());
    for (int number = 1; number <= 70; ++number)
        write_file(
            crashes() / std::to_string(number),
            std::format("crash 1\nservice s{}\nboot b\ntime 1\nuptime 1\ncode 1\nsignal 0\n\n", number));
    record("app");
    EXPECT_EQ(services().size(), 64U);
    EXPECT_EQ(services().front(), "s8");
    EXPECT_EQ(services().back(), "app");
}

TEST_F(RecordCrash, LeavesNothingUnfinished) {
    record("app");
    EXPECT_THAT(Dir::open(crashes()).names(""), testing::ElementsAre("1"));
}

}  // namespace
}  // namespace cairn::services
