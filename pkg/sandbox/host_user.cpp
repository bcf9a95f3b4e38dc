#include "pkg/sandbox/host_user.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <format>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::sandbox {

namespace {

// A range that neither accounts, subordinate ids nor systemd's container ids use (those end at 0x6fffffff).
constexpr uid_t first_user = 0x7ca17000;
constexpr uid_t user_count = 0x1000;

bool has_rights() {
    struct __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<struct __user_cap_data_struct, 2> data{};
    if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
    for (const unsigned capability :
         {CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID, CAP_CHOWN, CAP_FOWNER, CAP_DAC_OVERRIDE})
        if ((data[0].effective & (1U << capability)) == 0) return false;
    return true;
}

// In a container of an ordinary user, root has rights, but only over some identities.
bool is_mapped(const char* map) {
    for (const std::string& line : split(read_file(map), '\n')) {
        const std::vector<std::string> words = split_words(line);
        if (words.size() != 3) continue;
        const unsigned long first = std::stoul(words[0]);
        if (first <= first_user && first_user + user_count - first <= std::stoul(words[2])) return true;
    }
    return false;
}

// Binding a name fails while anyone on this machine holds it.
Fd find_lock(uid_t user) {
    const std::string name = std::format("cairn-sandbox-user-{}", user);
    struct sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + 1 + name.size());
    Fd lock(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!lock.is_open()) throw SystemError("cannot make a socket");
    if (::bind(lock.get(), reinterpret_cast<const struct sockaddr*>(&address), size) != 0) lock.reset();
    return lock;
}

void write_map(pid_t process, const char* file, const std::string& text) {
    const std::string path = std::format("/proc/{}/{}", process, file);
    write_all(open_file(path, O_WRONLY).get(), text, path);
}

// A namespace needs a process to be made; this one does nothing and is killed.
class NamespaceHolder {
  public:
    NamespaceHolder() {
        struct clone_args arguments{};
        arguments.flags = CLONE_NEWUSER;
        arguments.exit_signal = SIGCHLD;
        pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::syscall(SYS_close_range, 0U, ~0U, 0);
            while (true) ::pause();
        }
        if (pid_ < 0) throw SystemError("cannot make a user namespace");
    }
    NamespaceHolder(const NamespaceHolder&) = delete;
    NamespaceHolder& operator=(const NamespaceHolder&) = delete;
    ~NamespaceHolder() {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

}  // namespace

HostUser HostUser::choose() {
    if (has_rights() && is_mapped("/proc/self/uid_map") && is_mapped("/proc/self/gid_map"))
        for (uid_t user = first_user; user < first_user + user_count; ++user)
            if (Fd lock = find_lock(user); lock.is_open()) return HostUser(user, user, std::move(lock));
    return HostUser(::geteuid(), ::getegid(), Fd());
}

Fd HostUser::open_identity_map() const {
    if (!is_privileged()) return Fd();
    const NamespaceHolder holder;
    write_map(holder.pid(), "uid_map", std::format("{} {} 1\n", ::geteuid(), user_));
    write_map(holder.pid(), "gid_map", std::format("{} {} 1\n", ::getegid(), group_));
    return open_file(std::format("/proc/{}/ns/user", holder.pid()), O_RDONLY);
}

void HostUser::map(pid_t process) const {
    // Without root's rights the kernel allows a group to be mapped only when groups can no longer be changed.
    if (!is_privileged()) write_map(process, "setgroups", "deny");
    write_map(process, "uid_map", std::format("{} {} 1\n", inside_user, user_));
    write_map(process, "gid_map", std::format("{} {} 1\n", inside_user, group_));
}

}  // namespace cairn::sandbox
