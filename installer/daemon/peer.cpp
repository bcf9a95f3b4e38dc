#include "installer/daemon/peer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <format>

#include "pkg/base/error.h"

namespace cairn::daemon {

Peer read_peer(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
        throw SystemError("cannot ask who connected to the socket");
    Peer peer{.user = credentials.uid, .groups = std::vector<gid_t>(32)};
    for (;;) {
        size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
        if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &size) == 0) break;
        // `size` says then how much there is.
        if (errno != ERANGE) throw SystemError("cannot ask for the groups of who connected to the socket");
        peer.groups.resize(size / sizeof(gid_t));
    }
    peer.groups.resize(size / sizeof(gid_t));
    peer.groups.push_back(credentials.gid);
    return peer;
}

api::Caller make_caller(const Peer& peer, const GroupRoles& groups, uid_t own_user) {
    if (peer.user == 0) return {.role = api::Role::admin, .name = "root"};
    const auto role = [&] {
        const auto is_in = [&](gid_t group) {
            return std::ranges::find(peer.groups, group) != peer.groups.end();
        };
        if (is_in(groups.admin)) return api::Role::admin;
        if (is_in(groups.operator_)) return api::Role::operator_;
        if (is_in(groups.reader) || peer.user == own_user) return api::Role::reader;
        return api::Role::none;
    };
    return {.role = role(), .name = std::format("uid {}", peer.user)};
}

}  // namespace cairn::daemon
