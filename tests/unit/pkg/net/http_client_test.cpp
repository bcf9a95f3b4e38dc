#include "pkg/net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/files.h"
#include "tests/support/api_server.h"

namespace cairn::net {
namespace {

using support::ApiRequest;
using support::ApiServer;
using support::http_answer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void echo(const ApiRequest& request, const ApiServer::Send& send) {
    const auto type = request.headers.find("content-type");
    send(http_answer(200, "text/plain",
                     std::format("{} {} {} {}", request.method, request.path,
                                 type == request.headers.end() ? "-" : type->second, request.body)));
}

std::string text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class UnixClient : public testing::Test {
  protected:
    TemporaryDirectory directory_;
    std::filesystem::path socket_ = directory_.path() / "s";
    HttpClient client_{UnixServer{socket_}};
};

TEST_F(UnixClient, SendsMethodBodyAndHeaders) {
    const ApiServer server(socket_, echo);
    const HttpAnswer answer = client_.send({.method = "PATCH",
                                            .path = "/settings?tx=a%20b",
                                            .headers = {{"Content-Type", "application/json"}},
                                            .body = R"({"a": 1})"});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, R"(PATCH /settings?tx=a%20b application/json {"a": 1})");
    EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
    EXPECT_EQ(client_.send({.method = "POST", .path = "/x", .body = ""}).body.substr(0, 8), "POST /x ");
    EXPECT_EQ(client_.send({.path = "/y"}).body, "GET /y - ");
}

TEST_F(UnixClient, EveryStatusIsAnAnswerAndItsBodyNeverReachesTheSink) {
    const ApiServer server(socket_, [](const ApiRequest&, const ApiServer::Send& send) {
        send(http_answer(409, "application/json", "{}"));
    });
    std::string sunk;
    const HttpAnswer answer =
        client_.send({.path = "/"}, [&](std::span<const std::uint8_t> bytes) { sunk += text_of(bytes); });
    EXPECT_EQ(answer.status, 409);
    EXPECT_EQ(answer.body, "{}");
    EXPECT_EQ(sunk, "");
}

// The server holds the connection open until the client has seen the first line: nothing waits for the end.
TEST_F(UnixClient, GivesLinesAsTheyArriveAndStopsWhenAsked) {
    std::atomic<bool> was_seen = false;
    const ApiServer server(socket_, [&](const ApiRequest&, const ApiServer::Send& send) {
        send("HTTP/1.1 200 x\r\nContent-Type: text/event-stream\r\n\r\nfirst\n");
        was_seen.wait(false);
        while (send("more\n")) {
        }
    });
    std::string text;
    const HttpAnswer answer =
        client_.send({.path = "/events", .should_stop = [&] { return text.contains("more"); }},
                     [&](std::span<const std::uint8_t> bytes) {
                         text += text_of(bytes);
                         was_seen = true;
                         was_seen.notify_all();
                     });
    EXPECT_TRUE(answer.is_stopped);
    EXPECT_EQ(text.substr(0, 6), "first\n");
}

TEST_F(UnixClient, SinksExceptionReachesTheCaller) {
    const ApiServer server(socket_, echo);
    EXPECT_THROW(client_.send({.path = "/"}, [](std::span<const std::uint8_t>) { throw UsageError("full"); }),
                 UsageError);
}

TEST_F(UnixClient, SaysWhyNobodyAnswers) {
    try {
        client_.send({.path = "/"});
        FAIL() << "no error";
    } catch (const ConnectError& error) {
        EXPECT_EQ(error.error_number(), ENOENT);
        EXPECT_THAT(error.message(), HasSubstr(socket_.string() + "': No such file or directory"));
    }
}

TEST_F(UnixClient, GivesUpOnASilentServer) {
    std::atomic<bool> is_over = false;
    const ApiServer server(socket_, [&](const ApiRequest&, const ApiServer::Send&) { is_over.wait(false); });
    EXPECT_THROW(client_.send({.path = "/", .time_limit = std::chrono::milliseconds(50)}), NetworkError);
    EXPECT_THROW(client_.send({.path = "/", .silence_limit = std::chrono::seconds(1)}), NetworkError);
    is_over = true;
    is_over.notify_all();
}

class TlsClient : public testing::Test {
  protected:
    TlsServer server_of(const ApiServer& server, const crypto::TlsIdentity& expected) const {
        return {.host = "127.0.0.1",
                .port = server.port(),
                .fingerprint = crypto::key_fingerprint(expected.certificate_pem).to_hex()};
    }

    crypto::TlsIdentity device_ = crypto::make_tls_identity("device");
    crypto::TlsIdentity stranger_ = crypto::make_tls_identity("device");
};

TEST_F(TlsClient, ShowsItsCertificateToTheServerItKnows) {
    const ApiServer server(device_, [](const ApiRequest& request, const ApiServer::Send& send) {
        send(http_answer(200, "text/plain", request.client));
    });
    const TemporaryDirectory directory;
    const crypto::TlsIdentity own = crypto::make_tls_identity("laptop");
    write_file(directory.path() / "key", text_of(own.key_pem.span()), 0600);
    write_file(directory.path() / "pem", own.certificate_pem);
    TlsServer address = server_of(server, device_);
    EXPECT_EQ(HttpClient(address).send({.path = "/"}).body, "");
    address.certificate = directory.path() / "pem";
    address.key = directory.path() / "key";
    EXPECT_EQ(HttpClient(address).send({.path = "/"}).body,
              crypto::key_fingerprint(own.certificate_pem).to_hex());
}

TEST_F(TlsClient, SaysNothingToAServerWithAnotherKeyAndShowsBothFingerprints) {
    const ApiServer server(stranger_, echo);
    try {
        HttpClient(server_of(server, device_)).send({.path = "/secret"});
        FAIL() << "no error";
    } catch (const VerifyError& error) {
        EXPECT_THAT(
            error.details(),
            ElementsAre(testing::Pair("expected", crypto::key_fingerprint(device_.certificate_pem).to_hex()),
                        testing::Pair("found", crypto::key_fingerprint(stranger_.certificate_pem).to_hex())));
    }
    EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(TlsClient, ReadsTheFingerprintOfAServerWithoutAskingItAnything) {
    const ApiServer server(device_, echo);
    EXPECT_EQ(read_server_fingerprint("127.0.0.1", server.port()),
              crypto::key_fingerprint(device_.certificate_pem).to_hex());
    EXPECT_THAT(server.requests(), IsEmpty());
}

}  // namespace
}  // namespace cairn::net
