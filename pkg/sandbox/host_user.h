#pragma once

#include <sys/types.h>

#include "pkg/base/fd.h"

/// Who a build is on the host. Inside it is always user 1000; outside it is either the caller (an ordinary
/// user can be mapped to no one else) or, when the caller has the rights of root, a user that nobody else is.
namespace cairn::sandbox {

/// User and group of the command inside.
inline constexpr unsigned inside_user = 1000;

class HostUser {
  public:
    /// With the rights for it (mounting, changing owners, identities that this user namespace maps): an
    /// unused user held until destruction, different for builds that run at the same time. Else: the caller.
    static HostUser choose();

    /// True when the sandbox is set up with root's rights, before its user namespace is entered.
    bool is_privileged() const { return lock_.is_open(); }
    uid_t user() const { return user_; }
    gid_t group() const { return group_; }

    /// A user namespace that maps the caller to this user, for mounts whose files shall be the build's own;
    /// closed when the build runs as the caller anyway. Throws SystemError.
    Fd open_identity_map() const;

    /// Maps user and group 1000 of the process's new user namespace to this user. Throws SystemError.
    void map(pid_t process) const;

  private:
    HostUser(uid_t user, gid_t group, Fd lock) : user_(user), group_(group), lock_(std::move(lock)) {}

    uid_t user_;
    gid_t group_;
    Fd lock_;  // an abstract socket: seen by all processes of this machine, and freed with its owner
};

}  // namespace cairn::sandbox
