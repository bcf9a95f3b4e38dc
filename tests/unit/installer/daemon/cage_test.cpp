#include "installer/daemon/cage.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::daemon {
namespace {

namespace fs = std::filesystem;

/// A folder with a part to read, a part to write, and a part that no rule names.
class CageTest : public testing::Test {
  protected:
    void SetUp() override {
        if (find_landlock_version() == 0) GTEST_SKIP() << "this kernel has no Landlock";
        for (const char* name : {"read", "write", "other"}) {
            make_directories(root() / name);
            write_file(root() / name / "file", "text");
            fs::permissions(root() / name, fs::perms::all);
            fs::permissions(root() / name / "file", fs::perms::all);
        }
        fs::permissions(root(), fs::perms::all);
    }

    const fs::path& root() const { return folder_.path(); }
    CagePlan plan() const {
        CagePlan plan{.readable = {root() / "read", root() / "not there"}, .writable = {root() / "write"}};
        if (geteuid() == 0) plan.identity = {.user = 4321, .group = 4322};
        return plan;
    }

    /// What `work` says in a child that has entered the cage: "" when all is as it should be.
    static std::string in_cage(const CagePlan& plan, const std::function<std::string()>& work) {
        int ends[2];
        CHECK(pipe(ends) == 0);
        const pid_t child = fork();
        if (child == 0) {
            std::string text;
            try {
                enter_cage(plan);
                text = work();
            } catch (const Error& error) {
                text = error.report();
            }
            _exit(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
        }
        close(ends[1]);
        std::string text;
        for (char byte; read(ends[0], &byte, 1) == 1;) text += byte;
        close(ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        if (status != 0) text += " ended with " + std::to_string(status);
        return text;
    }

  private:
    TemporaryDirectory folder_{"/tmp", "cairn-cage"};
};

/// "" when the last call failed with this error.
std::string expect_refusal(const char* what, long result, int error) {
    if (result >= 0) return std::string(what) + " worked; ";
    return errno == error ? "" : std::string(what) + ": " + strerror(errno) + "; ";
}

std::string expect_success(const char* what, long result) {
    return result >= 0 ? "" : std::string(what) + ": " + strerror(errno) + "; ";
}

TEST_F(CageTest, PathsOutsideOfThePlanAreOutOfReach) {
    EXPECT_EQ(
        in_cage(plan(),
                [&] {
                    const auto try_open = [&](const char* path, int flags) {
                        return open((root() / path).c_str(), flags, 0644);
                    };
                    return expect_success("reading", try_open("read/file", O_RDONLY)) +
                           expect_success("writing", try_open("write/file", O_RDWR)) +
                           expect_success("making", try_open("write/new", O_CREAT | O_WRONLY)) +
                           expect_success("renaming", rename((root() / "write/new").c_str(),
                                                             (root() / "write/newer").c_str())) +
                           expect_success("removing", unlink((root() / "write/newer").c_str())) +
                           expect_refusal("writing what is to be read", try_open("read/file", O_WRONLY),
                                          EACCES) +
                           expect_refusal("making there", try_open("read/new", O_CREAT | O_WRONLY), EACCES) +
                           expect_refusal("reading elsewhere", try_open("other/file", O_RDONLY), EACCES) +
                           expect_refusal("reading a device", open("/dev/kmsg", O_RDONLY), EACCES);
                }),
        "");
}

TEST_F(CageTest, UserGroupsAndCapabilitiesAreGoneForGood) {
    if (geteuid() != 0) GTEST_SKIP() << "only root has them to lose";
    EXPECT_EQ(in_cage(plan(),
                      [] {
                          std::string text;
                          if (getuid() != 4321 || geteuid() != 4321 || getgid() != 4322 ||
                              getgroups(0, nullptr) != 0)
                              text = "wrong identity; ";
                          return text + expect_refusal("setuid", setuid(0), EPERM) +
                                 expect_refusal("setgid", setgid(0), EPERM);
                      }),
              "");
}

TEST_F(CageTest, DangerousCallsAreRefused) {
    EXPECT_EQ(
        in_cage(plan(),
                [] {
                    return expect_refusal("mount", mount("none", "/tmp", "tmpfs", 0, nullptr), EPERM) +
                           expect_refusal("unshare", unshare(CLONE_NEWUSER), EPERM) +
                           expect_refusal("namespace",
                                          syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM) +
                           expect_refusal("ptrace", ptrace(PTRACE_TRACEME, 0, nullptr, nullptr), EPERM) +
                           expect_refusal("reboot", syscall(SYS_reboot, 0, 0, 0, nullptr), EPERM) +
                           expect_refusal("bpf", syscall(SYS_bpf, 0, nullptr, 0), EPERM) +
                           expect_refusal("io_uring", syscall(SYS_io_uring_setup, 1, nullptr), EPERM) +
                           expect_refusal("keys", syscall(SYS_keyctl, 0, 0, 0, 0, 0), EPERM) +
                           expect_refusal("packets", socket(AF_PACKET, SOCK_RAW, 0), EPERM) +
                           expect_refusal("typing", ioctl(0, TIOCSTI, "x"), EPERM) +
                           expect_refusal("dumping", syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1), EPERM) +
                           expect_refusal("starting", execl("/bin/true", "true", nullptr), EPERM);
                }),
        "");
}

TEST_F(CageTest, ThreadsAndSocketsWork) {
    EXPECT_EQ(in_cage(plan(),
                      [&] {
                          int value = 0;
                          std::thread([&] { value = 1; }).join();
                          const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                          sockaddr_in any{};
                          any.sin_family = AF_INET;
                          return (value == 1 ? std::string() : "no thread; ") +
                                 expect_success(
                                     "bind",
                                     bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof any)) +
                                 expect_success("listen", listen(listener, 1));
                      }),
              "");
}

TEST_F(CageTest, ProgramsOfThePlanCanBeStartedAndStayInTheCage) {
    CagePlan with_programs = plan();
    with_programs.programs = {"/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache"};
    const std::string command = "cat " + (root() / "read/file").string() + " >/dev/null && ! cat " +
                                (root() / "other/file").string() + " 2>&- && ! mount -t tmpfs none /tmp 2>&-";
    with_programs.writable.push_back("/dev/null");
    EXPECT_EQ(in_cage(with_programs,
                      [&] {
                          const char* arguments[] = {"sh", "-c", command.c_str(), nullptr};
                          char* environment[] = {nullptr};
                          pid_t child;
                          const int error = posix_spawn(&child, "/bin/sh", nullptr, nullptr,
                                                        const_cast<char* const*>(arguments), environment);
                          if (error != 0) return std::string("starting: ") + strerror(error);
                          int status = -1;
                          waitpid(child, &status, 0);
                          return status == 0 ? std::string()
                                             : "the program ended with " + std::to_string(status);
                      }),
              "");
}

}  // namespace
}  // namespace cairn::daemon
