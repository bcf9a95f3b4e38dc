#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <vector>

/// The cage that the daemon shuts itself in before it listens: whoever takes it over through a request can
/// reach what it needs itself, and nothing else.
namespace cairn::daemon {

struct CagePlan {
    struct Identity {
        uid_t user = 0;
        gid_t group = 0;  // the only one: all others are given up
        bool operator==(const Identity&) const = default;
    };
    std::optional<Identity> identity;  // empty: whoever the process is already

    /// With everything below; what is not there when the cage is entered is out of reach for good.
    std::vector<std::filesystem::path> readable;
    std::vector<std::filesystem::path> writable;  // and readable; sockets in it can be made
    std::vector<std::filesystem::path> programs;  // readable, and may be started

    bool operator==(const CagePlan&) const = default;
};

enum class PathRules { kernel_has_them, kernel_lacks_them };

/// In this order: user and groups, no capabilities for good, nothing gained by starting a program
/// (PR_SET_NO_NEW_PRIVS), paths (Landlock), system calls (seccomp, see allowed_calls.h). For all threads and
/// all programs that are started later, with no way back; descriptors that are open stay open. To be called
/// before there are other threads: they would keep user and paths.
///
/// Landlock knows paths of files alone: connecting to a Unix socket is not held back by it, by file modes
/// only. Rules that an older kernel does not know are left out; one without Landlock is an error, unless
/// `rules` says that it may be missing. Throws SystemError naming the step; the process must then end.
void enter_cage(const CagePlan& plan, PathRules rules = PathRules::kernel_has_them);

/// The version of Landlock that the kernel has; 0: none.
int find_landlock_version();

}  // namespace cairn::daemon
