#include "installer/services/crashes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/files.h"

namespace cairn::services {
namespace {

const std::string record =
    "crash 1\nservice app\nboot 5a3c\ntime 1790000000\nuptime 42\ncode -1\nsignal 11\n\nlast\n\nwords\n";

TEST(Crashes, AreReadWhole) {
    EXPECT_EQ(find_crash(record), (Crash{.service = "app",
                                         .boot = "5a3c",
                                         .time = 1'790'000'000,
                                         .uptime = 42,
                                         .ending = {.code = -1, .signal = 11},
                                         .log = "last\n\nwords\n"}));
}

TEST(Crashes, ATornOrForeignRecordIsNone) {
    const std::size_t head = record.find("\n\n") + 2;
    for (std::size_t length = 0; length < head; ++length) EXPECT_FALSE(find_crash(record.substr(0, length)));
    EXPECT_TRUE(find_crash(record.substr(0, head)));
    EXPECT_FALSE(find_crash("crash 2" + record.substr(7)));
    EXPECT_FALSE(find_crash("crash 1\nservice app\n" + record.substr(8)));  // a name twice
    EXPECT_FALSE(find_crash("crash 1\nservice app\ntime soon\nuptime 42\ncode 1\nsignal 0\n\n"));
}

TEST(Crashes, ComeInTheOrderOfTheirNumbers) {
    const TemporaryDirectory directory;
    for (const char* name : {"9", "10", "new.7"}) {
        std::string text = record;
        write_file(directory.path() / name, text.replace(text.find("app"), 3, name));
    }
    write_file(directory.path() / "11", "torn");
    EXPECT_THAT(read_crashes(directory.path()), testing::ElementsAre(testing::Field(&Crash::service, "9"),
                                                                     testing::Field(&Crash::service, "10")));
    EXPECT_TRUE(read_crashes(directory.path() / "none").empty());
}

TEST(Crashes, SayHowAServiceEnded) {
    EXPECT_EQ(to_text(Ending{.code = 3}), "exit code 3");
    EXPECT_EQ(to_text(Ending{.code = -1, .signal = 11}), "signal 11 (SIGSEGV)");
    EXPECT_EQ(to_text(Ending{.code = -1, .signal = 40}), "signal 40");
}

}  // namespace
}  // namespace cairn::services
