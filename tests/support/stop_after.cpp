#include "tests/support/stop_after.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <map>

#include "pkg/base/error.h"

namespace cairn::testing {
namespace {

constexpr std::array changing_calls = {
    SYS_mkdirat,  SYS_linkat,    SYS_unlinkat, SYS_renameat2, SYS_symlinkat, SYS_fchmod,    SYS_fchmodat,
    SYS_fchown,   SYS_fchownat,  SYS_write,    SYS_pwrite64,  SYS_ftruncate, SYS_fsetxattr, SYS_fsync,
    SYS_syncfs,   SYS_fdatasync,
#ifdef SYS_rename
    SYS_rename,   SYS_unlink,    SYS_rmdir,    SYS_mkdir,     SYS_chmod,     SYS_link,      SYS_symlink,
#endif
#ifdef SYS_renameat
    SYS_renameat,
#endif
};

/// Of a system call that is just beginning.
bool may_change_files(pid_t thread, const __ptrace_syscall_info& info) {
    const auto number = static_cast<long>(info.entry.nr);
    if (number == SYS_write && info.entry.args[0] <= 2) return false;  // messages
    if (number == SYS_openat) return (info.entry.args[2] & O_CREAT) != 0;
    if (number == SYS_openat2) {
        const long flags = ::ptrace(PTRACE_PEEKDATA, thread, info.entry.args[2], nullptr);
        return (flags & O_CREAT) != 0;
    }
    return std::ranges::contains(changing_calls, number);
}

[[noreturn]] void run_in_child(const std::function<void()>& body) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(3);
    ::raise(SIGSTOP);
    try {
        body();
    } catch (const std::exception&) {
        ::_exit(1);
    }
    ::_exit(0);
}

class Watcher {
  public:
    Watcher(pid_t child, std::size_t after) : child_(child), after_(after) {}

    Stopped run() {
        int status = 0;
        if (::waitpid(child_, &status, __WALL) != child_ || !WIFSTOPPED(status))
            throw Error("the process that should be stopped did not begin");
        constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
        if (::ptrace(PTRACE_SETOPTIONS, child_, nullptr, options) != 0)
            throw SystemError("cannot watch a process");
        go_on(child_, 0);
        while (true) {
            const pid_t thread = ::waitpid(-1, &status, __WALL);
            if (thread < 0) throw SystemError("cannot wait for a process");
            if (WIFSTOPPED(status)) {
                on_stop(thread, status);
            } else if (thread == child_) {
                result_.has_failed = WIFEXITED(status) && WEXITSTATUS(status) == 1;
                if (WIFEXITED(status) && WEXITSTATUS(status) > 1)
                    throw Error("the process cannot be watched");
                return result_;
            }
        }
    }

  private:
    static void go_on(pid_t thread, int signal) { ::ptrace(PTRACE_SYSCALL, thread, nullptr, signal); }

    void on_stop(pid_t thread, int status) {
        const int signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80))
            on_call(thread);
        else  // a thread's beginning or a clone event is not the process's own business
            go_on(thread, signal == SIGSTOP || signal == SIGTRAP ? 0 : signal);
    }

    void on_call(pid_t thread) {
        __ptrace_syscall_info info{};
        if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;  // killed meanwhile
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
            is_changing_[thread] = may_change_files(thread, info);
        } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && is_changing_[thread] && info.exit.is_error == 0 &&
                   !result_.was_stopped && ++result_.steps == after_) {
            result_.was_stopped = true;
            ::kill(child_, SIGKILL);
            return;
        }
        go_on(thread, 0);
    }

    pid_t child_;
    std::size_t after_;
    Stopped result_;
    std::map<pid_t, bool> is_changing_;
};

}  // namespace

Stopped run_and_stop_after(std::size_t after, const std::function<void()>& body) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) throw SystemError("cannot start a process");
    if (child == 0) run_in_child(body);
    return Watcher(child, after).run();
}

}  // namespace cairn::testing
