#include "tests/unit/pkg/sandbox/shut_in.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/json.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

constexpr uid_t ordinary_user = 12345;

void become_ordinary() {
    // A process that changed its user is hidden from that user until it says otherwise.
    const bool is_done =
        ::setgroups(0, nullptr) == 0 && ::setresgid(ordinary_user, ordinary_user, ordinary_user) == 0 &&
        ::setresuid(ordinary_user, ordinary_user, ordinary_user) == 0 && ::prctl(PR_SET_DUMPABLE, 1) == 0;
    CHECK(is_done);
}

// Runs `work` in a child and gives what it returned.
std::string act_in_child(const std::function<std::string()>& work) {
    std::array<int, 2> ends{};
    CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const Fd reader(ends[0]);
    Fd writer(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) {
        become_ordinary();
        write_all(writer.get(), work(), "pipe");
        ::_exit(testing::Test::HasFailure() ? 1 : 0);
    }
    writer.reset();
    std::string text(1 << 22, '\0');
    text.resize(read_up_to(reader.get(), std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size()),
                           "pipe"));
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0) << "in the child of the ordinary user";
    return text;
}

bool may_make_namespaces() {
    return act_in_child([] {
               return std::string(::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? "yes" : "no");
           }) == "yes";
}

Json run_here(const SandboxSpec& spec, const fs::path& cache) {
    const std::atomic<bool> stop = false;
    try {
        HostPackages packages(cache);
        const SandboxResult result = run_in_sandbox(spec, packages, stop);
        return Json{{"status", result.status},          {"reason", static_cast<int>(result.reason)},
                    {"disk", result.peak_disk},         {"cpu", result.cpu_time.count()},
                    {"wall", result.wall_time.count()}, {"resident", result.max_resident}};
    } catch (const Error& error) {
        return Json{{"error", error.report()}};
    }
}

}  // namespace

void ShutIn::SetUp() {
    make_directories(build());
    if (GetParam() == RunBy::root && ::geteuid() != 0) GTEST_SKIP() << "not started by root";
    if (GetParam() == RunBy::root || ::geteuid() != 0) return;
    if (!may_make_namespaces()) GTEST_SKIP() << "ordinary users may not make namespaces on this machine";
    for (const fs::path& path : {folder(), build()})
        CHECK(::chown(path.c_str(), ordinary_user, ordinary_user) == 0);
}

SandboxSpec ShutIn::spec_for(const std::string& script) const {
    return {.arguments = {"bash", "-e", "-u", "-o", "pipefail", "-c", script},
            .environment = {"PATH=/toolchain/bin:/host/usr/bin:/usr/bin", "HOME=/build", "TMPDIR=/tmp",
                            "LC_ALL=C.UTF-8", "TZ=UTC"},
            .build_directory = build(),
            .log = folder() / "log"};
}

void ShutIn::become_runner() const {
    if (GetParam() == RunBy::ordinary_user && ::geteuid() == 0) become_ordinary();
}

std::string ShutIn::act(const std::function<std::string()>& work) const {
    return GetParam() == RunBy::ordinary_user && ::geteuid() == 0 ? act_in_child(work) : work();
}

Outcome ShutIn::run(const SandboxSpec& spec) const {
    const Json json = Json::parse(act([&] { return run_here(spec, folder() / "packages.json").dump(); }));
    Outcome outcome;
    outcome.log = find_file(spec.log).value_or("");
    outcome.error = json.value("error", "");
    if (!outcome.error.empty()) return outcome;
    outcome.result = {.status = json.at("status"),
                      .reason = static_cast<EndReason>(json.at("reason").get<int>()),
                      .peak_disk = json.at("disk"),
                      .cpu_time = std::chrono::milliseconds(json.at("cpu").get<long>()),
                      .wall_time = std::chrono::milliseconds(json.at("wall").get<long>()),
                      .max_resident = json.at("resident")};
    return outcome;
}

std::string ShutIn::read_build(const std::string& name) const {
    return find_file(build() / name).value_or("");
}

std::string explain(const Outcome& outcome) {
    return std::format("status {}, {}, error: '{}', log:\n{}", outcome.result.status,
                       to_text(outcome.result.reason), outcome.error, outcome.log);
}

}  // namespace cairn::sandbox
