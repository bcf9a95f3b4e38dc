#include "installer/daemon/http_server.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "pkg/base/error.h"
#include "tests/unit/installer/daemon/api_client.h"
#include "tests/unit/installer/daemon/test_api.h"

namespace cairn::daemon {
namespace {

TEST(HttpServer, WhoHasNoRoleOnTheSocketMayDoNothing) {
    if (geteuid() == 0) GTEST_SKIP() << "root is always admin";
    ServerOptions options = TestServer::default_options();
    options.groups = {.admin = 60001, .operator_ = 60002, .reader = 60003};
    TestServer server(std::move(options));
    EXPECT_EQ(ApiClient(server.socket()).get("/who").status, 403);
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
