#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <format>
#include <thread>

#include "pkg/base/text.h"
#include "tests/unit/pkg/sandbox/shut_in.h"

namespace cairn::sandbox {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

using SandboxLimits = ShutIn;
CAIRN_RUN_BY_SUITE(SandboxLimits);

// Processes of this machine whose command line has this word.
int count_processes(const std::string& word) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::error_code ignored;
        if (!fs::exists(entry.path() / "cmdline", ignored)) continue;
        try {
            count += read_file(entry.path() / "cmdline").contains(word) ? 1 : 0;
        } catch (const std::exception&) {  // it ended meanwhile
        }
    }
    return count;
}

// Something that no other test that runs at the same time has on a command line.
std::string make_word(const std::string& start) {
    return std::format("{}{:08}", start, ::getpid());
}

TEST_P(SandboxLimits, BoundsAForkBomb) {
    const std::string word = make_word("fork-bomb");
    SandboxSpec spec = spec_for("bomb() { bomb | bomb & }; bomb; sleep 60; : " + word);
    spec.limits.processes = 40;
    spec.limits.wall_time = 700ms;
    int most = 0;
    std::atomic<bool> is_done = false;
    std::thread counter([&] {
        while (!is_done) {
            most = std::max(most, count_processes(word));
            std::this_thread::sleep_for(20ms);
        }
    });
    const Outcome outcome = run(spec);
    is_done = true;
    counter.join();
    EXPECT_EQ(outcome.result.reason, EndReason::time_limit) << explain(outcome);
    EXPECT_TRUE(outcome.log.contains("Resource temporarily unavailable")) << outcome.log;
    EXPECT_GT(most, 10) << "the bomb did not go off";
    EXPECT_LE(most, 40 + 2) << "40, process 1, and the test itself is not one of them";
    EXPECT_EQ(count_processes(word), 0);
}

TEST_P(SandboxLimits, CountsProcessesOfEachSandboxAlone) {
    // Others of the same user do not use up the limit.
    act([&] {
        std::vector<pid_t> others;
        for (int i = 0; i < 30; ++i) {
            const pid_t child = ::fork();
            if (child == 0) {
                ::pause();
                ::_exit(0);
            }
            others.push_back(child);
        }
        SandboxSpec spec = spec_for("for i in 1 2 3 4 5; do sleep 0.1 & done; wait");
        spec.limits.processes = 20;
        HostPackages packages(folder() / "packages.json");
        const std::atomic<bool> stop = false;
        EXPECT_EQ(run_in_sandbox(spec, packages, stop).status, 0);
        for (const pid_t child : others) {
            ::kill(child, SIGKILL);
            ::waitpid(child, nullptr, 0);
        }
        return std::string();
    });
    EXPECT_EQ(find_file(folder() / "log").value_or(""), "");
}

TEST_P(SandboxLimits, EndsABuildThatFillsTheDisk) {
    SandboxSpec spec =
        spec_for("trap '' TERM INT XFSZ; while :; do head -c 4000000 /dev/zero >> file; sleep 0.01; done");
    spec.limits.disk_bytes = 20'000'000;
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.reason, EndReason::disk_limit) << explain(outcome);
    EXPECT_EQ(outcome.result.status, 128 + SIGKILL);
    EXPECT_GT(outcome.result.peak_disk, 20'000'000U);
    EXPECT_LT(outcome.result.wall_time, 5s);
}

TEST_P(SandboxLimits, CountsManySmallFiles) {
    SandboxSpec spec = spec_for("mkdir d; i=0; while :; do i=$((i + 1)); echo x > d/$i; done");
    spec.limits.disk_bytes = 2'000'000;  // about 500 files
    spec.limits.wall_time = 10s;
    EXPECT_EQ(run(spec).result.reason, EndReason::disk_limit);
}

TEST_P(SandboxLimits, CountsTheLog) {
    SandboxSpec spec = spec_for("yes | head -c 1G");
    spec.limits.disk_bytes = 4'000'000;
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.reason, EndReason::disk_limit) << outcome.result.status;
    EXPECT_LT(fs::file_size(spec.log), 900'000'000U);
}

TEST_P(SandboxLimits, KeepsAReserveFree) {
    struct statvfs status{};
    ASSERT_EQ(::statvfs(build().c_str(), &status), 0);
    SandboxSpec spec = spec_for("sleep 30");
    spec.limits.reserve_bytes = status.f_bavail * status.f_frsize + (std::uint64_t{1} << 40);
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.reason, EndReason::disk_reserve);
    EXPECT_LT(outcome.result.wall_time, 5s);
}

TEST_P(SandboxLimits, BoundsTmp) {
    SandboxSpec spec = spec_for("head -c 3000000 /dev/zero > /tmp/file");
    spec.limits.temporary_bytes = 2'000'000;
    const Outcome outcome = run(spec);
    EXPECT_NE(outcome.result.status, 0);
    EXPECT_TRUE(outcome.log.contains("No space left on device")) << outcome.log;
}

TEST_P(SandboxLimits, EndsABuildThatTakesTooLong) {
    SandboxSpec spec = spec_for("sleep 30 & sleep 30");
    spec.limits.wall_time = 200ms;
    const Outcome outcome = run(spec);
    EXPECT_EQ(outcome.result.reason, EndReason::time_limit);
    EXPECT_LT(outcome.result.wall_time, 5s);
}

TEST_P(SandboxLimits, StopsWhenAsked) {
    act([&] {
        std::atomic<bool> stop = false;
        std::thread asker([&] {
            std::this_thread::sleep_for(300ms);
            stop = true;
        });
        HostPackages packages(folder() / "packages.json");
        const SandboxResult result = run_in_sandbox(spec_for("trap '' INT TERM; sleep 30"), packages, stop);
        asker.join();
        EXPECT_EQ(result.reason, EndReason::interrupted);
        EXPECT_LT(result.wall_time, 5s);
        return std::string();
    });
}

TEST_P(SandboxLimits, DiesWithItsCaller) {
    const std::string word = make_word("61.");
    // The caller gets kill -9 while the build runs: nothing of the build may go on.
    const SandboxSpec spec = spec_for(std::format("sleep {0} & sleep {0}", word));
    const pid_t caller = ::fork();
    if (caller == 0) {
        become_runner();
        HostPackages packages(folder() / "packages.json");
        const std::atomic<bool> stop = false;
        run_in_sandbox(spec, packages, stop);
        ::_exit(0);
    }
    for (int i = 0; i < 100 && count_processes(word) < 2; ++i) std::this_thread::sleep_for(50ms);
    EXPECT_GE(count_processes(word), 2);
    ::kill(caller, SIGKILL);
    ::waitpid(caller, nullptr, 0);
    for (int i = 0; i < 100 && count_processes(word) > 0; ++i) std::this_thread::sleep_for(20ms);
    EXPECT_EQ(count_processes(word), 0);
}

}  // namespace
}  // namespace cairn::sandbox
