#pragma once

#include <sys/types.h>

#include <vector>

#include "installer/api/request.h"

/// Who is at the other end of a Unix socket.
namespace cairn::daemon {

struct Peer {
    uid_t user = 0;
    std::vector<gid_t> groups;  // all of them, in no order
};

/// As the kernel noted when the peer connected. Throws SystemError.
Peer read_peer(int socket);

/// The groups that give roles (images/users.toml).
struct GroupRoles {
    gid_t admin = 210;
    gid_t operator_ = 211;
    gid_t reader = 212;
};

/// User 0 is admin; everybody else has the highest role that one of the groups gives, or none. The daemon
/// itself, `own_user`, is a reader: it asks itself whether it answers.
api::Caller make_caller(const Peer& peer, const GroupRoles& groups, uid_t own_user);

}  // namespace cairn::daemon
