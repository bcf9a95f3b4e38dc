#include "installer/daemon/peer.h"

#include <grp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <gtest/gtest.h>

#include "pkg/base/fd.h"

namespace cairn::daemon {
namespace {

using api::Role;

TEST(Peer, RootIsAdminAndOthersHaveTheHighestRoleOfTheirGroups) {
    const GroupRoles groups;
    EXPECT_EQ(make_caller({.user = 0, .groups = {}}, groups, 200), (api::Caller{Role::admin, "root"}));
    EXPECT_EQ(make_caller({.user = 7, .groups = {1, 212, 211}}, groups, 200),
              (api::Caller{Role::operator_, "uid 7"}));
    EXPECT_EQ(make_caller({.user = 7, .groups = {210, 212}}, groups, 200).role, Role::admin);
    EXPECT_EQ(make_caller({.user = 7, .groups = {212}}, groups, 200).role, Role::reader);
    EXPECT_EQ(make_caller({.user = 7, .groups = {0, 213}}, groups, 200).role, Role::none);
    EXPECT_EQ(make_caller({.user = 200, .groups = {200}}, groups, 200).role,
              Role::reader);  // the daemon itself
    EXPECT_EQ(make_caller({.user = 200, .groups = {211}}, groups, 200).role, Role::operator_);
}

TEST(Peer, TheKernelSaysWhoAndInWhichGroups) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const Fd pair_here(ends[0]);
    const Fd pair_there(ends[1]);
    // A pair is noted as made by who made it: so the child makes one, and sends an end of it.
    const pid_t child = fork();
    if (child == 0) {
        std::vector<gid_t> groups(60);
        for (std::size_t number = 0; number < groups.size(); ++number)
            groups[number] = static_cast<gid_t>(1000 + number);
        int mine[2];
        if (setgroups(groups.size(), groups.data()) != 0 || setresgid(212, 212, 212) != 0 ||
            setresuid(4321, 4321, 4321) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, mine) != 0)
            _exit(1);
        char byte = 0;
        iovec part{&byte, 1};
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
        msghdr message{
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &mine[0], sizeof(int));
        _exit(sendmsg(pair_there.get(), &message, 0) == 1 ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
    char byte;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ASSERT_EQ(recvmsg(pair_here.get(), &message, 0), 1);
    int received;
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    const Fd end(received);
    const Peer peer = read_peer(end.get());
    EXPECT_EQ(peer.user, 4321U);
    EXPECT_EQ(peer.groups.size(), 61U);
    EXPECT_EQ(make_caller(peer, {}, 200), (api::Caller{Role::reader, "uid 4321"}));
}

}  // namespace
}  // namespace cairn::daemon
