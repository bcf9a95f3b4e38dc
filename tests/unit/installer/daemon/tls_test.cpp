#include "installer/daemon/tls.h"

#include <sys/stat.h>

#include <gtest/gtest.h>
#include <thread>

#include "installer/daemon/server_identity.h"
#include "pkg/base/error.h"
#include "tests/unit/installer/daemon/api_client.h"
#include "tests/unit/installer/daemon/test_api.h"

namespace cairn::daemon {
namespace {

using api::Role;

class TlsServer : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        device_ = new crypto::TlsIdentity(crypto::make_tls_identity("device"));
        laptop_ = new crypto::TlsIdentity(crypto::make_tls_identity("laptop"));
    }

    void SetUp() override { server_.server.set_tls(port()); }
    static TlsPort port() {
        return {.address = "127.0.0.1",
                .port = 0,
                .identity = {.key_pem = crypto::SecretBytes(device_->key_pem.span()),
                             .certificate_pem = device_->certificate_pem}};
    }
    /// Each a new connection.
    ApiClient connect() { return ApiClient(server_.server.tls_port(), laptop_); }

    static inline crypto::TlsIdentity* device_;
    static inline crypto::TlsIdentity* laptop_;
    TestServer server_;
};

TEST_F(TlsServer, AClientHasTheRoleOfItsKey) {
    server_.set_client(*laptop_, Role::reader);
    ApiClient client = connect();
    EXPECT_EQ(client.server_key(), crypto::key_fingerprint(device_->certificate_pem));
    EXPECT_EQ(Json::parse(client.get("/who").body)["name"], "laptop");
    EXPECT_EQ(client.get("/admin").status, 403);
    EXPECT_EQ(client.post("/echo", "{}").status, 403);
    server_.set_client(*laptop_, Role::operator_);
    ApiClient again = connect();
    EXPECT_EQ(again.post("/echo", "{}").status, 200);
    EXPECT_EQ(again.get("/admin").status, 403);
    server_.set_client(*laptop_, Role::admin);
    EXPECT_EQ(again.get("/admin").status, 404);  // may be told that there is nothing
}

TEST_F(TlsServer, ACertificateThatNobodyKnowsAndNoneGet401) {
    server_.set_client(*laptop_, Role::admin);
    const crypto::TlsIdentity stranger = crypto::make_tls_identity("laptop");
    for (const crypto::TlsIdentity* identity :
         {&stranger, static_cast<const crypto::TlsIdentity*>(nullptr)}) {
        const auto status_of = [&](const std::string& method, const std::string& path) {
            ApiClient client(server_.server.tls_port(), identity);
            const int status = client.ask(method, path).status;
            EXPECT_TRUE(client.is_ended());  // keeps no thread
            return status;
        };
        EXPECT_EQ(status_of("GET", "/who"), 401);
        EXPECT_EQ(status_of("GET", "/nowhere"), 401);
        EXPECT_EQ(status_of("POST", "/echo"), 401);
        EXPECT_EQ(status_of("GET", "/open"), 404);  // needs nobody
    }
}

TEST_F(TlsServer, RemovingAClientRevokesItsOpenConnections) {
    server_.set_client(*laptop_, Role::reader);
    ApiClient client = connect();
    ApiClient stream = connect();
    EXPECT_EQ(client.get("/who").status, 200);
    stream.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_NE(stream.read_until(": listening\n\n"), "");
    server_.set_client(*laptop_, Role::none);
    EXPECT_EQ(client.get("/who").status, 401);
    server_.api.hub.publish("status", "secret");
    EXPECT_EQ(stream.read_until("secret"), "");
}

TEST_F(TlsServer, OldTlsIsRefused) {
    EXPECT_THROW(ApiClient(server_.server.tls_port(), laptop_, ApiClient::Tls::only_1_2), Error);
    server_.set_client(*laptop_, Role::reader);
    EXPECT_EQ(connect().get("/who").status, 200);
}

TEST_F(TlsServer, IsSwitchedOffWithItsConnectionsAndOnAgain) {
    server_.set_client(*laptop_, Role::reader);
    ApiClient client = connect();
    EXPECT_EQ(client.get("/who").status, 200);
    const std::uint16_t before = server_.server.tls_port();
    server_.server.set_tls(std::nullopt);
    EXPECT_TRUE(client.is_ended());
    EXPECT_EQ(server_.server.tls_port(), 0);
    EXPECT_THROW(ApiClient(before, laptop_), Error);
    EXPECT_EQ(ApiClient(server_.socket()).get("/who").status, 200);
    server_.server.set_tls(port());
    EXPECT_EQ(connect().get("/who").status, 200);
}

TEST_F(TlsServer, WhoSwitchesItOffStillGetsTheAnswer) {
    server_.set_client(*laptop_, Role::admin);
    server_.api.on_switch = [this] { server_.server.set_tls(std::nullopt); };
    ApiClient client = connect();
    ApiClient stream = connect();
    stream.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_NE(stream.read_until(": listening\n\n"), "");
    EXPECT_EQ(client.get("/switch").status, 204);
    EXPECT_TRUE(client.is_ended());
    server_.api.hub.publish("status", "secret");
    EXPECT_EQ(stream.read_until("secret"), "");
}

TEST_F(TlsServer, LargeAnswersAndBodiesPass) {
    server_.set_client(*laptop_, Role::admin);
    ApiClient client = connect();
    const std::string body = "{\"a\":\"" + std::string(1'000'000, 'x') + "\"}";
    EXPECT_EQ(client.post("/echo", body).body, body + "\n");
}

TEST(TlsLimits, ConnectionsOfThePortAreFewerThanAllSoThatTheSocketStaysUsable) {
    ServerOptions options = TestServer::default_options();
    options.tls_connections = 1;
    TestServer server(std::move(options));
    server.server.set_tls(
        TlsPort{.address = "127.0.0.1", .port = 0, .identity = crypto::make_tls_identity("device")});
    ApiClient one(server.server.tls_port(), nullptr);
    EXPECT_EQ(one.get("/who").status, 401);
    EXPECT_THROW(ApiClient(server.server.tls_port(), nullptr), Error);
    EXPECT_EQ(ApiClient(server.socket()).get("/who").status, 200);
}

TEST(TlsLimits, AHandshakeThatNeverEndsDoesNotKeepAConnection) {
    ServerOptions options = TestServer::default_options();
    options.handshake = std::chrono::milliseconds(50);
    TestServer server(std::move(options));
    server.server.set_tls(
        TlsPort{.address = "127.0.0.1", .port = 0, .identity = crypto::make_tls_identity("device")});
    ApiClient silent(server.server.tls_port());
    EXPECT_TRUE(silent.is_ended());
}

TEST(ServerIdentity, IsMadeOnceAndItsKeyIsForItsOwnerOnly) {
    const TemporaryDirectory folder;
    const crypto::TlsIdentity made = read_or_make_server_identity(folder.path());
    EXPECT_EQ(read_or_make_server_identity(folder.path()).certificate_pem, made.certificate_pem);
    struct stat status{};
    ASSERT_EQ(stat((folder.path() / "key.pem").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    // The key without its certificate is what an interrupted making leaves.
    std::filesystem::remove(folder.path() / "certificate.pem");
    const crypto::TlsIdentity again = read_or_make_server_identity(folder.path());
    EXPECT_NE(again.certificate_pem, made.certificate_pem);
    EXPECT_NO_THROW(TlsContext{again});
}

TEST(ServerIdentity, AKeyOfAnotherCertificateIsRefused) {
    crypto::TlsIdentity mixed = crypto::make_tls_identity("a");
    mixed.certificate_pem = crypto::make_tls_identity("b").certificate_pem;
    EXPECT_THROW(TlsContext{mixed}, VerifyError);
}

}  // namespace
}  // namespace cairn::daemon
