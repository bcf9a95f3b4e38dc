#include "installer/daemon/http_server.h"

#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/installer/daemon/api_client.h"
#include "tests/unit/installer/daemon/test_api.h"

namespace cairn::daemon {
namespace {

/// Sends nothing and gives back the first line of what comes, as another user.
std::string connect_as(uid_t user, const std::filesystem::path& socket) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
        if (setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 ||
            setresuid(user, user, user) != 0)
            _exit(1);
        const std::string line = ApiClient(socket).read_until("\r\n");
        _exit(write(ends[1], line.data(), line.size()) > 0 ? 0 : 1);
    }
    close(ends[1]);
    std::string line;
    for (char byte; read(ends[0], &byte, 1) == 1;) line += byte;
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return line;
}

TEST(HttpServer, WhoHasNoRoleOnTheSocketIsToldSoAtOnce) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    const TestServer server;
    std::filesystem::permissions(server.socket().parent_path(), std::filesystem::perms(0755));
    EXPECT_EQ(connect_as(4321, server.socket()), "HTTP/1.1 403 Forbidden\r\n");
}

TEST(HttpServer, TheSocketIsOpenToAllAndReplacesWhatWasLeft) {
    TestServer server;
    struct stat status{};
    ASSERT_EQ(stat(server.socket().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0666U);
    server.server.listen_on_socket(server.socket());
    EXPECT_EQ(ApiClient(server.socket()).get("/who").status, 200);
}

TEST(HttpServer, StoppingEndsConnectionsAndStreams) {
    TestServer server;
    ApiClient idle(server.socket());
    EXPECT_EQ(idle.get("/who").status, 200);
    ApiClient stream(server.socket());
    stream.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_NE(stream.read_until(": listening\n\n"), "");
    server.api.hub.close();
    server.server.stop();
    EXPECT_TRUE(idle.is_ended());
    EXPECT_THROW(ApiClient(server.socket()).get("/who"), SystemError);
}

TEST(HttpServer, AddressesThatAreNoneAreRefused) {
    TestServer server;
    EXPECT_THROW(
        server.server.set_tls(TlsPort{.address = "device.local", .identity = crypto::make_tls_identity("a")}),
        UsageError);
    EXPECT_THROW(
        server.server.set_tls(TlsPort{.address = "203.0.113.1", .identity = crypto::make_tls_identity("a")}),
        SystemError);
    EXPECT_THROW(server.server.listen_on_socket("/tmp/" + std::string(200, 'a')), UsageError);
}

}  // namespace
}  // namespace cairn::daemon
