#include "pkg/sandbox/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "pkg/sandbox/host_user.h"

// Everything in this file runs in a copy of a process that may have had other threads: bare system calls
// only, no allocation, no locks, no exceptions.

namespace cairn::sandbox {

namespace {

constexpr const char* base_folder =
    "/tmp";  // any folder that every machine has; what is in it is not hidden for long
constexpr const char* host_name = "cairn";
constexpr rlim_t open_files = 4096;
constexpr rlim_t stack_bytes = 8UL << 20;

[[noreturn]] void fail(const Entry& entry, Stage stage, int step = 0) {
    const Message message{Message::Kind::failed, stage, step, errno};
    ::send(entry.channel, &message, sizeof message, MSG_NOSIGNAL);
    ::_exit(127);
}

void require(bool succeeded, const Entry& entry, Stage stage) {
    if (!succeeded) fail(entry, stage);
}

bool set_mount(const char* target, std::uint64_t attributes, unsigned flags) {
    struct mount_attr attr{};
    attr.attr_set = attributes;
    return ::mount_setattr(AT_FDCWD, target, flags, &attr, sizeof attr) == 0;
}

bool make_file(const char* path, const char* content) {
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    const std::size_t length = std::strlen(content);
    const bool is_written = ::write(fd, content, length) == static_cast<ssize_t>(length);
    return (::close(fd) == 0) && is_written;
}

// Where file systems can do it (ext4, xfs, btrfs since Linux 6.1), the caller's files are the build's own, as
// they are for an ordinary user; elsewhere a build run by root reads what everyone may read.
bool mount_source(const char* source, const char* target, int identity_map) {
    const int tree = ::open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0) return false;
    struct mount_attr attr{};
    attr.attr_set = MOUNT_ATTR_IDMAP;
    attr.userns_fd = static_cast<std::uint64_t>(identity_map);
    if (identity_map >= 0) ::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr);
    const bool is_mounted = ::move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) == 0;
    const int error = errno;
    ::close(tree);
    errno = error;
    return is_mounted;
}

bool apply(const Step& step, const Entry& entry) {
    const char* target = step.target.c_str();
    const char* source = step.source.c_str();
    switch (step.kind) {
        case Step::Kind::directory:
            return ::mkdir(target, 0755) == 0 || errno == EEXIST;
        case Step::Kind::file:
            return make_file(target, source);
        case Step::Kind::link:
            return ::symlink(source, target) == 0;
        case Step::Kind::bind:
            return ::mount(source, target, nullptr, MS_BIND | MS_REC, nullptr) == 0;
        case Step::Kind::bind_file:
            return make_file(target, "") && ::mount(source, target, nullptr, MS_BIND, nullptr) == 0;
        case Step::Kind::source:
            return mount_source(source, target, entry.identity_map);
        case Step::Kind::source_file:
            return make_file(target, "") && mount_source(source, target, entry.identity_map);
        case Step::Kind::tmpfs:
            return ::mount("tmpfs", target, "tmpfs", 0, source) == 0;
        case Step::Kind::proc:
            return ::mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
        case Step::Kind::terminals:
            return ::mount("devpts", target, "devpts", MS_NOSUID | MS_NOEXEC,
                           "newinstance,ptmxmode=0666,mode=620") == 0;
        case Step::Kind::seal:
            return set_mount(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, AT_RECURSIVE);
        case Step::Kind::seal_devices:
            return set_mount(target, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0);
        case Step::Kind::tame:
            return set_mount(target, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0);
    }
    return false;
}

void close_others(const Entry& entry) {
    unsigned from = 3;
    for (const int fd : entry.open) {
        const auto used = static_cast<unsigned>(fd);
        if (used > from) ::syscall(SYS_close_range, from, used - 1, 0);
        if (used >= from) from = used + 1;
    }
    ::syscall(SYS_close_range, from, ~0U, 0);
}

void leave_session(const Entry& entry) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!entry.has_terminal) require(::setsid() >= 0, entry, Stage::session);
    ::umask(0);
}

// Handlers and masks are the caller's; a build starts with none.
void reset_signals() {
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void become_user(const Entry& entry) {
    if (entry.is_privileged) require(::unshare(CLONE_NEWUSER) == 0, entry, Stage::user_namespace);
    const Message request{Message::Kind::identity_wanted, Stage::identity, 0, 0};
    require(::send(entry.channel, &request, sizeof request, MSG_NOSIGNAL) == sizeof request, entry,
            Stage::identity);
    char answer = 0;
    if (::recv(entry.channel, &answer, 1, 0) != 1) ::_exit(127);  // the outer side is gone
    if (entry.is_privileged) require(::syscall(SYS_setgroups, 0, nullptr) == 0, entry, Stage::identity);
    const unsigned id = inside_user;
    require(::syscall(SYS_setresgid, id, id, id) == 0, entry, Stage::identity);
    require(::syscall(SYS_setresuid, id, id, id) == 0, entry, Stage::identity);
}

void build_root(const Entry& entry) {
    require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, entry, Stage::private_mounts);
    require(::mount("tmpfs", base_folder, "tmpfs", 0, "mode=0755,size=1m") == 0 &&
                ::chdir(base_folder) == 0 && ::mkdir("old", 0755) == 0 && ::mkdir("new", 0755) == 0 &&
                ::syscall(SYS_pivot_root, ".", "old") == 0 && ::chdir("/") == 0,
            entry, Stage::base);
    int number = 0;
    for (const Step& step : entry.steps) {
        if (!apply(step, entry)) fail(entry, Stage::steps, number);
        ++number;
    }
    // The old root is mounted over the new one for a moment, then taken away with everything it holds.
    require(::chdir(new_root.data()) == 0 && ::syscall(SYS_pivot_root, ".", ".") == 0 &&
                ::umount2(".", MNT_DETACH) == 0 && ::chdir("/") == 0,
            entry, Stage::root);
}

void set_names(const Entry& entry) {
    require(::sethostname(host_name, std::strlen(host_name)) == 0 && ::setdomainname("", 0) == 0, entry,
            Stage::names);
}

// Programs under test talk to themselves over the loopback interface; there is no other.
void raise_loopback(const Entry& entry) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP;
    require(fd >= 0 && ::ioctl(fd, SIOCSIFFLAGS, &request) == 0, entry, Stage::network);
    ::close(fd);
}

void drop_rights(const Entry& entry) {
    // The capability set may be larger than this program's headers know; the kernel says EINVAL behind the
    // last.
    for (unsigned long capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0;) ++capability;
    struct __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2]{};
    require(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
                ::syscall(SYS_capset, &header, none) == 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
            entry, Stage::rights);
    // This process is a copy of the caller, with all that is in its memory: nobody inside may look into it.
    require(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, entry, Stage::rights);
    // Changing the identity cleared it.
    require(::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, entry, Stage::rights);
    struct pollfd outer{entry.channel, POLLIN, 0};
    if (::poll(&outer, 1, 0) > 0) ::_exit(127);  // the outer side died before it was asked for the signal
}

bool limit(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit current{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &current) != 0) return false;
    if (hard > current.rlim_max) hard = current.rlim_max;  // raising it is not ours
    if (soft > hard) soft = hard;
    const struct rlimit wanted{soft, hard};
    return ::setrlimit(static_cast<__rlimit_resource>(resource), &wanted) == 0;
}

void set_limits(const Entry& entry) {
    require(limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_NOFILE, open_files, open_files) &&
                limit(RLIMIT_STACK, stack_bytes, RLIM_INFINITY) &&
                limit(RLIMIT_NPROC, entry.processes, entry.processes),
            entry, Stage::limits);
    ::personality(PER_LINUX);
    ::umask(022);
}

// Input, output and channel themselves close at the exec.
void set_streams(const Entry& entry) {
    if (entry.output >= 0)
        require(::dup2(entry.input, 0) == 0 && ::dup2(entry.output, 1) == 1 && ::dup2(entry.output, 2) == 2,
                entry, Stage::streams);
    for (const int fd : entry.inherited) require(::fcntl(fd, F_SETFD, 0) == 0, entry, Stage::streams);
}

void set_filter(const Entry& entry) {
    const struct sock_fprog program{static_cast<unsigned short>(entry.filter.size()),
                                    const_cast<struct sock_filter*>(entry.filter.data())};
    require(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0, entry, Stage::filter);
}

[[noreturn]] void run_command(const Entry& entry) {
    set_limits(entry);
    set_filter(entry);
    require(::chdir(entry.directory.c_str()) == 0, entry, Stage::directory);
    int error = ENOENT;
    for (const std::string& program : entry.programs) {
        ::execve(program.c_str(), entry.arguments.data(), entry.environment.data());
        if (errno != ENOENT && errno != ENOTDIR) error = errno;
    }
    errno = error;
    fail(entry, Stage::command);
}

int exit_status(int wait_status) {
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

// A bare copy of this process: fork() would run handlers that other threads' locks may block.
pid_t copy_process() {
    return static_cast<pid_t>(
        ::syscall(SYS_clone, static_cast<unsigned long>(SIGCHLD), nullptr, nullptr, nullptr, nullptr));
}

}  // namespace

void enter_sandbox(const Entry& entry) {
    close_others(entry);
    reset_signals();
    leave_session(entry);
    if (!entry.is_privileged) become_user(entry);
    build_root(entry);
    set_names(entry);
    raise_loopback(entry);
    if (entry.is_privileged) become_user(entry);
    drop_rights(entry);
    set_streams(entry);

    const pid_t command = copy_process();
    if (command == 0) run_command(entry);
    require(command > 0, entry, Stage::command);
    ::syscall(SYS_close_range, 0U, ~0U, 0);  // with them the channel: the command's exec is its end

    while (true) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended == command) ::_exit(exit_status(status));
        if (ended < 0 && errno == ECHILD) ::_exit(127);
    }
}

}  // namespace cairn::sandbox
