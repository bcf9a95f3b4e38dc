#include "pkg/base/process.h"

#include <signal.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn {
namespace {

TEST(Process, KeepsStatusAndBothOutputs) {
    const CommandResult result = run_command({.arguments = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
    EXPECT_EQ(result.status, 3);
    EXPECT_EQ(result.output, "out\n");
    EXPECT_EQ(result.error, "err\n");
}

TEST(Process, FeedsInputLargerThanAPipe) {
    const std::string input(1 << 20, 'x');
    EXPECT_EQ(run_command({.arguments = {"cat"}, .input = input}).output, input);
}

TEST(Process, SurvivesAChildThatDoesNotReadItsInput) {
    EXPECT_EQ(run_command({.arguments = {"true"}, .input = std::string(1 << 20, 'x')}).status, 0);
}

TEST(Process, MissingProgramIsASystemError) {
    EXPECT_THROW(run_command({.arguments = {"no-such-program-here"}}), SystemError);
}

TEST(Process, CleanEnvironmentHoldsOnlyWhatWasGiven) {
    const auto result =
        run_command({.arguments = {"/usr/bin/env"}, .environment = {"A=1"}, .clean_environment = true});
    EXPECT_EQ(result.output, "A=1\n");
}

TEST(Process, CheckedRunTellsWhatTheChildSaid) {
    try {
        run_command_checked({.arguments = {"sh", "-c", "echo broken >&2; exit 2"}});
        FAIL() << "no error";
    } catch (const CommandError& error) {
        EXPECT_EQ(error.status(), 2);
        EXPECT_NE(error.report().find("broken"), std::string::npos);
    }
}

TEST(Process, DestroyedChildIsKilled) {
    pid_t pid = 0;
    {
        const Child child = Child::start({.arguments = {"sleep", "60"}});
        pid = child.pid();
        EXPECT_EQ(::kill(pid, 0), 0);
    }
    EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Process, WaitForGivesUpAndThenGivesTheStatus) {
    Child child = Child::start({.arguments = {"sleep", "60"}});
    EXPECT_EQ(child.wait_for(std::chrono::milliseconds(10)), std::nullopt);
    child.send_signal(SIGTERM);
    EXPECT_EQ(child.wait(), 128 + SIGTERM);
}

}  // namespace
}  // namespace cairn
