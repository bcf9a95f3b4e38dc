#include "tests/support/run_by.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::support {
namespace {

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

}  // namespace

void RunByTest::SetUp() {
    if (GetParam() == RunBy::root && ::geteuid() != 0) GTEST_SKIP() << "not started by root";
    if (!needs_change()) return;
    if (!may_make_namespaces()) GTEST_SKIP() << "ordinary users may not make namespaces on this machine";
    CHECK(::chown(folder().c_str(), ordinary_user, ordinary_user) == 0);
}

bool RunByTest::needs_change() const {
    return GetParam() == RunBy::ordinary_user && ::geteuid() == 0;
}

void RunByTest::become_runner() const {
    if (needs_change()) become_ordinary();
}

std::string RunByTest::act(const std::function<std::string()>& work) const {
    return needs_change() ? act_in_child(work) : work();
}

}  // namespace cairn::support
