#include "installer/daemon/allowed_calls.h"

#include <linux/audit.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace cairn::daemon {
namespace {

#if defined(__x86_64__)
constexpr unsigned native = AUDIT_ARCH_X86_64;
#else
constexpr unsigned native = AUDIT_ARCH_AARCH64;
#endif

/// What the daemon needs: files, sockets, time, memory and threads. Not here, so refused: mounting, tracing,
/// loading modules or programs of the kernel, other namespaces, keys, clocks, reboot, changing users, handles
/// instead of paths, performance counters, user faults, and what is too new or too seldom used to be trusted
/// with hostile arguments.
constexpr auto always = std::to_array<long>({
    // Files.
    SYS_openat,
    SYS_openat2,
    SYS_close,
    SYS_close_range,
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_preadv,
    SYS_pwritev,
    SYS_lseek,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_getcwd,
    SYS_fcntl,
    SYS_flock,
    SYS_fsync,
    SYS_fdatasync,
    SYS_syncfs,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_fadvise64,
    SYS_copy_file_range,
    SYS_sendfile,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_umask,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_chdir,
    SYS_fchdir,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_inotify_rm_watch,
    SYS_getxattr,
    SYS_lgetxattr,
    SYS_fgetxattr,
    // Sockets; which kinds is said below.
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_connect,
    SYS_shutdown,
    SYS_sendto,
    SYS_recvfrom,
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_recvmmsg,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_getsockname,
    SYS_getpeername,
    SYS_socketpair,
    // Waiting and time.
    SYS_ppoll,
    SYS_pselect6,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_eventfd2,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_timerfd_gettime,
    SYS_signalfd4,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_setitimer,
    SYS_getitimer,
    SYS_restart_syscall,
    // Memory and threads.
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_mlock,
    SYS_munlock,
    SYS_membarrier,
    SYS_futex,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_set_tid_address,
    SYS_rseq,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_exit,
    SYS_exit_group,
    SYS_getrandom,
    // Signals, and who the process is.
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_rt_sigsuspend,
    SYS_rt_sigpending,
    SYS_sigaltstack,
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getpgid,
    SYS_getsid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getgroups,
    SYS_getresuid,
    SYS_getresgid,
    SYS_uname,
    SYS_sysinfo,
    SYS_getrusage,
    SYS_prlimit64,
    SYS_getrlimit,
    SYS_times,
    SYS_getpriority,
    SYS_capget,
#if defined(__x86_64__)
    // The older forms, which C libraries still use where they exist.
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_unlink,
    SYS_rename,
    SYS_link,
    SYS_symlink,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_dup2,
    SYS_pipe,
    SYS_poll,
    SYS_select,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_eventfd,
    SYS_inotify_init,
    SYS_time,
    SYS_alarm,
    SYS_pause,
    SYS_arch_prctl,
    SYS_getpgrp,
    SYS_utimes,
    SYS_creat,
    SYS_getdents,
#endif
});

/// What starting programs, and small programs, need besides.
constexpr auto for_programs = std::to_array<long>({
    SYS_execve,
    SYS_execveat,
    SYS_wait4,
    SYS_waitid,
    SYS_setpgid,
    SYS_setsid,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
#endif
});

/// Families that sockets may have. Netlink tells of interfaces and addresses; changing them needs rights that
/// are given up.
constexpr auto families = std::to_array<unsigned>({AF_UNIX, AF_INET, AF_INET6, AF_NETLINK});

/// New namespaces are no threads.
constexpr unsigned namespace_flags =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/// Requests of ioctl that are not about devices: FIOCLEX, FIONCLEX, FIONBIO, FIONREAD, and the C library's
/// question whether something is a terminal.
constexpr auto requests = std::to_array<unsigned>({0x5451, 0x5450, 0x5421, 0x541b, 0x5401, 0x5413});

constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
constexpr std::uint32_t refused = SECCOMP_RET_ERRNO | EPERM;

using Filter = std::vector<sock_filter>;

void load(Filter& filter, std::size_t offset) {
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)));
}

/// The low half: both architectures are little-endian, and these arguments have 32 bits.
void load_argument(Filter& filter, std::size_t index) {
    load(filter, offsetof(seccomp_data, args) + index * sizeof(std::uint64_t));
}

void give(Filter& filter, std::uint32_t verdict) {
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, verdict));
}

/// Goes on behind the next `behind` instructions when the loaded word is another one.
void unless_equal_skip(Filter& filter, std::uint32_t word, std::size_t behind) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, word, 0, static_cast<unsigned char>(behind)));
}

void allow_equal(Filter& filter, std::uint32_t word) {
    unless_equal_skip(filter, word, 1);
    give(filter, allowed);
}

/// A call that is decided by one of its arguments; `body` ends with a verdict.
void decide(Filter& filter, long call, const Filter& body) {
    unless_equal_skip(filter, static_cast<std::uint32_t>(call), body.size());
    filter.insert(filter.end(), body.begin(), body.end());
}

template <class Words>
Filter argument_is_one_of(std::size_t index, const Words& words) {
    Filter body;
    load_argument(body, index);
    for (const unsigned word : words) allow_equal(body, word);
    give(body, refused);
    return body;
}

Filter argument_has_none_of(std::size_t index, std::uint32_t bits) {
    Filter body;
    load_argument(body, index);
    body.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0));
    give(body, allowed);
    give(body, refused);
    return body;
}

Filter verdict(std::uint32_t word) {
    Filter body;
    give(body, word);
    return body;
}

}  // namespace

std::vector<sock_filter> make_call_filter(Programs programs) {
    Filter filter;
    load(filter, offsetof(seccomp_data, arch));
    unless_equal_skip(filter, native, 1);
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0));
    give(filter, SECCOMP_RET_KILL_PROCESS);
    load(filter, offsetof(seccomp_data, nr));
    for (const long call : always) allow_equal(filter, static_cast<std::uint32_t>(call));
    if (programs == Programs::some)
        for (const long call : for_programs) allow_equal(filter, static_cast<std::uint32_t>(call));
    decide(filter, SYS_socket, argument_is_one_of(0, families));
    decide(filter, SYS_ioctl, argument_is_one_of(1, requests));
    decide(filter, SYS_clone, argument_has_none_of(0, namespace_flags));
    // Its flags lie in memory, where a filter cannot look: the C library then takes clone.
    decide(filter, SYS_clone3, verdict(SECCOMP_RET_ERRNO | ENOSYS));
    decide(
        filter, SYS_prctl,
        argument_is_one_of(0, std::to_array<unsigned>({1 /* PR_SET_PDEATHSIG */, 15 /* PR_SET_NAME */,
                                                       16 /* PR_GET_NAME */, 38 /* PR_SET_NO_NEW_PRIVS */})));
    give(filter, refused);
    return filter;
}

}  // namespace cairn::daemon
