#include "installer/daemon/cage.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <format>

#include "installer/daemon/allowed_calls.h"
#include "installer/daemon/landlock.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::daemon {
namespace {

void become(const CagePlan::Identity& identity) {
    if (setgroups(0, nullptr) != 0) throw SystemError("cannot give up groups");
    if (setresgid(identity.group, identity.group, identity.group) != 0)
        throw SystemError(std::format("cannot become group {}", identity.group));
    if (setresuid(identity.user, identity.user, identity.user) != 0)
        throw SystemError(std::format("cannot become user {}", identity.user));
}

/// What starting a program of root's could give. Takes rights that go with the user, so it comes first.
void narrow_capabilities() {
    for (unsigned long number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number)
        // Who may not narrow them has none; no_new_privs holds anyway.
        if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0 && errno != EPERM)
            throw SystemError("cannot narrow the capabilities");
}

void drop_capabilities() {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    if (syscall(SYS_capset, &header, none.data()) != 0) throw SystemError("cannot give up capabilities");
}

/// False when there is no such path.
void allow(int ruleset, const std::filesystem::path& path, std::uint64_t access) {
    const Fd place(open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!place.is_open() && (errno == ENOENT || errno == ENOTDIR)) return;
    if (!place.is_open())
        throw SystemError(std::format("cannot open '{}' for the rules of paths", path.string()));
    struct stat status{};
    if (fstat(place.get(), &status) != 0)
        throw SystemError(std::format("cannot look at '{}'", path.string()));
    if (!S_ISDIR(status.st_mode)) access &= landlock::of_files;
    landlock::PathRule rule{.access = access, .parent = place.get()};
    if (syscall(SYS_landlock_add_rule, ruleset, landlock::path_rule, &rule, 0) != 0)
        throw SystemError(std::format("cannot make a rule for '{}'", path.string()));
}

void limit_paths(const CagePlan& plan, int version) {
    const std::uint64_t all = landlock::known_access(version);
    landlock::Ruleset attributes{.access = all};
    const Fd ruleset(
        static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
    if (!ruleset.is_open()) throw SystemError("cannot make the rules of paths");
    for (const auto& path : plan.readable) allow(ruleset.get(), path, all & landlock::reading);
    for (const auto& path : plan.writable) allow(ruleset.get(), path, all & landlock::writing);
    for (const auto& path : plan.programs) allow(ruleset.get(), path, all & landlock::starting);
    if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        throw SystemError("cannot put the rules of paths in force");
}

void limit_calls(const CagePlan& plan) {
    std::vector<sock_filter> filter =
        make_call_filter(plan.programs.empty() ? Programs::none : Programs::some);
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        throw SystemError("cannot put the filter of system calls in force");
}

}  // namespace

int find_landlock_version() {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, landlock::ask_version);
    return version < 0 ? 0 : static_cast<int>(version);
}

void enter_cage(const CagePlan& plan, PathRules rules) {
    narrow_capabilities();
    if (plan.identity) become(*plan.identity);
    drop_capabilities();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw SystemError("cannot rule out new rights");
    const int version = find_landlock_version();
    if (version > 0) {
        limit_paths(plan, version);
    } else if (rules == PathRules::kernel_has_them) {
        throw SystemError("the kernel has no Landlock, or it is switched off", ENOSYS)
            .hint("build it with SECURITY_LANDLOCK and name 'landlock' in CONFIG_LSM or 'lsm='");
    }
    limit_calls(plan);
}

}  // namespace cairn::daemon
