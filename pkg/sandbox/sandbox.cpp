#include "pkg/sandbox/sandbox.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <format>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/text.h"
#include "pkg/sandbox/enter.h"
#include "pkg/sandbox/host_user.h"
#include "pkg/sandbox/refusal.h"
#include "pkg/sandbox/root_plan.h"
#include "pkg/sandbox/syscall_filter.h"
#include "pkg/sandbox/tree_walk.h"
#include "pkg/sandbox/watcher.h"

namespace cairn::sandbox {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t namespaces =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
constexpr int pipe_bytes = 1 << 20;  // room for output while the build directory is measured

/// Two ends of a pipe or of a socket pair, none of them 0, 1 or 2.
struct Ends {
    Fd first;
    Fd second;
};

Fd above_streams(int fd) {
    const Fd low(fd);
    Fd high(::fcntl(low.get(), F_DUPFD_CLOEXEC, 3));
    if (!high.is_open()) throw SystemError("cannot duplicate a descriptor");
    return high;
}

Ends make_channel() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw SystemError("cannot make a socket pair");
    return {above_streams(ends[0]), above_streams(ends[1])};
}

// A pipe rather than the log file itself: what a build writes is counted, and it can neither truncate nor
// reread it.
Ends make_output(const HostUser& user) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make a pipe");
    Ends pipe{above_streams(ends[0]), above_streams(ends[1])};
    ::fcntl(pipe.first.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(pipe.first.get(), F_SETPIPE_SZ, pipe_bytes);  // as large as this machine lets it be
    // Opening /dev/stderr inside asks for the pipe's own permissions.
    if (user.is_privileged() && ::fchown(pipe.second.get(), user.user(), user.group()) != 0)
        throw SystemError("cannot change the owner of a pipe");
    return pipe;
}

/// Process 1 of the sandbox. Destroyed while it lives, it is killed, and everything inside with it.
class InnerProcess {
  public:
    explicit InnerProcess(const Entry& entry) {
        int descriptor = -1;
        struct clone_args arguments{};
        arguments.flags = namespaces | CLONE_PIDFD | (entry.is_privileged ? 0 : CLONE_NEWUSER);
        arguments.pidfd = reinterpret_cast<std::uintptr_t>(&descriptor);
        arguments.exit_signal = SIGCHLD;
        pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
        if (pid_ == 0) enter_sandbox(entry);
        if (pid_ < 0) throw make_clone_error(errno);
        descriptor_ = Fd(descriptor);
    }
    InnerProcess(const InnerProcess&) = delete;
    InnerProcess& operator=(const InnerProcess&) = delete;
    ~InnerProcess() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);
        wait();
    }

    pid_t pid() const { return pid_; }
    int descriptor() const { return descriptor_.get(); }

    /// Exit code or 128 + signal number, and what all processes inside used together.
    std::pair<int, struct rusage> wait() {
        int status = 0;
        struct rusage usage{};
        while (::wait4(pid_, &status, 0, &usage) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), usage};
    }

  private:
    pid_t pid_ = -1;
    Fd descriptor_;
};

/// The build directory while it belongs to the sandbox's user.
class LentTree {
  public:
    LentTree(const fs::path& root, const HostUser& user) : root_(root) {
        if (user.is_privileged()) give_tree(root, user.user(), user.group());
    }
    LentTree(const LentTree&) = delete;
    LentTree& operator=(const LentTree&) = delete;
    ~LentTree() {
        if (is_back_) return;
        try {
            take_back();
        } catch (const Error&) {  // another error is already on its way
        }
    }
    /// Bytes on disk.
    std::uint64_t take_back() {
        is_back_ = true;
        return take_tree_back(root_);
    }

  private:
    const fs::path& root_;
    bool is_back_ = false;
};

std::vector<char*> as_pointers(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> program_paths(const SandboxSpec& spec) {
    const std::string& name = spec.arguments.front();
    if (name.contains('/')) return {name};
    std::vector<std::string> paths;
    for (const std::string& line : spec.environment)
        if (line.starts_with("PATH="))
            for (const std::string& folder : split(std::string_view(line).substr(5), ':'))
                paths.push_back(folder + "/" + name);
    return paths;
}

Entry make_entry(const SandboxSpec& spec, const std::vector<Step>& steps, const HostUser& user) {
    Entry entry{.steps = steps};
    entry.programs = program_paths(spec);
    entry.arguments = as_pointers(spec.arguments);
    entry.environment = as_pointers(spec.environment);
    entry.directory = spec.directory;
    entry.inherited = spec.inherited;
    entry.processes = spec.limits.processes;
    entry.is_privileged = user.is_privileged();
    entry.has_terminal = spec.streams == Streams::terminal;
    entry.filter = syscall_filter();
    return entry;
}

// Answers the inner side until the command runs.
void complete_start(const Fd& channel, const InnerProcess& process, const HostUser& user,
                    const Entry& entry) {
    while (true) {
        Message message{};
        const ssize_t count = ::recv(channel.get(), &message, sizeof message, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;  // the command's exec closed it
        if (message.kind == Message::Kind::failed) throw make_setup_error(message, entry);
        user.map(process.pid());
        const char go = 1;
        if (::send(channel.get(), &go, 1, MSG_NOSIGNAL) != 1) throw SystemError("cannot talk to the sandbox");
    }
}

// A shell inside made itself the terminal's foreground; that is us again.
void take_terminal_back() {
    struct sigaction ignore{}, before{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGTTOU, &ignore, &before);
    ::tcsetpgrp(0, ::getpgrp());
    ::sigaction(SIGTTOU, &before, nullptr);
}

std::chrono::milliseconds to_duration(const struct timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::milliseconds(time.tv_usec / 1000);
}

void check_spec(const SandboxSpec& spec) {
    CHECK(!spec.arguments.empty());
    CHECK(spec.streams == Streams::terminal || !spec.log.empty());
    CHECK(std::ranges::all_of(spec.inherited, [](int fd) { return fd > 2; }));
}

}  // namespace

std::string_view to_text(EndReason reason) {
    switch (reason) {
        case EndReason::finished:
            return "finished";
        case EndReason::disk_limit:
            return "its disk limit was reached";
        case EndReason::disk_reserve:
            return "the file system is nearly full";
        case EndReason::time_limit:
            return "its time limit was reached";
        case EndReason::interrupted:
            return "interrupted";
    }
    std::unreachable();
}

SandboxResult run_in_sandbox(const SandboxSpec& spec, HostPackages& packages, const std::atomic<bool>& stop) {
    check_spec(spec);
    const auto start = std::chrono::steady_clock::now();
    const HostUser user = HostUser::choose();
    // Whoever mounts as root names users of the host, whoever mounts inside a user namespace those inside.
    const Owner owner =
        user.is_privileged() ? Owner{user.user(), user.group()} : Owner{inside_user, inside_user};
    const std::vector<Step> steps = plan_root(spec, packages, owner);
    Entry entry = make_entry(spec, steps, user);

    Ends channel = make_channel();
    Ends output;
    Fd input;
    if (spec.streams == Streams::log) {
        output = make_output(user);
        input = above_streams(open_file("/dev/null", O_RDONLY).release());
    }
    const Fd identity_map = user.open_identity_map();
    entry.identity_map = identity_map.get();
    entry.channel = channel.second.get();
    entry.input = input.get();
    entry.output = output.second.get();
    entry.open = spec.inherited;
    for (const int fd : {entry.channel, entry.identity_map, entry.input, entry.output})
        if (fd >= 0) entry.open.push_back(fd);
    std::ranges::sort(entry.open);

    LentTree tree(spec.build_directory, user);
    InnerProcess process(entry);
    channel.second.reset();
    output.second.reset();
    complete_start(channel.first, process, user, entry);

    Watcher watcher(spec, process.descriptor(), std::move(output.first), stop);
    SandboxResult result;
    result.reason = watcher.watch();
    const auto [status, usage] = process.wait();
    if (spec.streams == Streams::terminal) take_terminal_back();

    result.status = status;
    result.peak_disk = std::max(watcher.peak_disk(), tree.take_back() + watcher.log_bytes());
    result.cpu_time = to_duration(usage.ru_utime) + to_duration(usage.ru_stime);
    result.max_resident = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    result.wall_time =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
    return result;
}

}  // namespace cairn::sandbox
