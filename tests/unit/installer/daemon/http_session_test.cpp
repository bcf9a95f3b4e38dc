#include "installer/daemon/http_session.h"

#include <gtest/gtest.h>

#include "tests/unit/installer/daemon/api_client.h"
#include "tests/unit/installer/daemon/test_api.h"

namespace cairn::daemon {
namespace {

constexpr const char* json = "Content-Type: application/json\r\n";

class HttpSession : public testing::Test {
  protected:
    /// The status that these bytes get on a connection of their own.
    int status_of(const std::string& bytes) {
        ApiClient client(server_.socket());
        client.send(bytes);
        const Reply reply = client.receive();
        if (reply.status >= 400 && reply.status != 405)
            EXPECT_TRUE(Json::parse(reply.body)["error"].contains("message")) << bytes << reply.body;
        return reply.status;
    }
    int status_of_post(const std::string& headers, const std::string& body = "{}") {
        return ApiClient(server_.socket()).ask("POST", "/echo", headers, body).status;
    }

    TestServer server_;
};

TEST_F(HttpSession, AnswersRequestsOneAfterTheOtherOnOneConnection) {
    ApiClient client(server_.socket());
    const Reply who = client.get("/who?a=1&b=x%20y");
    EXPECT_EQ(who.status, 200);
    EXPECT_EQ(who.headers.at("content-type"), "application/json");
    EXPECT_EQ(who.headers.at("cache-control"), "no-store");
    EXPECT_EQ(Json::parse(who.body)["query"], Json::parse(R"({"a": "1", "b": "x y"})"));
    EXPECT_EQ(Json::parse(who.body)["role"], "admin");
    EXPECT_EQ(client.post("/echo", R"({"a": [1]})").body, "{\"a\":[1]}\n");
    EXPECT_EQ(client.get("/pieces").body, "one two");
    const Reply nothing = client.get("/nothing");
    EXPECT_EQ(nothing.status, 204);
    EXPECT_FALSE(nothing.headers.contains("content-length"));
    const Reply head = client.ask("HEAD", "/who");
    EXPECT_EQ(head.status, 200);
    EXPECT_GT(std::stoi(head.headers.at("content-length")), 0);
    EXPECT_EQ(client.get("/who").status, 200);
}

TEST_F(HttpSession, RequestsMayBeSentAhead) {
    ApiClient client(server_.socket());
    const std::string one =
        std::string("POST /echo HTTP/1.1\r\nHost: a\r\n") + json + "Content-Length: 7\r\n\r\n{\"a\":1}";
    client.send(one + one + "GET /who HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive().body, "{\"a\":1}\n");
    EXPECT_EQ(client.receive().body, "{\"a\":1}\n");
    EXPECT_EQ(client.receive().status, 200);
}

TEST_F(HttpSession, ExceptionsBecomeErrorAnswersAndTheConnectionGoesOn) {
    ApiClient client(server_.socket());
    EXPECT_EQ(client.get("/nowhere").status, 404);
    EXPECT_EQ(client.get("/conflict").status, 409);
    EXPECT_EQ(client.get("/bug").status, 500);
    const Reply wrong_method = client.get("/echo");
    EXPECT_EQ(wrong_method.status, 405);
    EXPECT_EQ(wrong_method.headers.at("allow"), "POST");
    EXPECT_EQ(client.post("/echo", "{").status, 400);
    EXPECT_EQ(client.post("/echo", "[1]").status, 400);
    EXPECT_EQ(client.get("/who").status, 200);
}

TEST_F(HttpSession, WhatIsNotARequestIsRefused) {
    for (const std::string bytes :
         {"hello\r\n\r\n", "GET /who\r\n\r\n", "GET /who HTTP/2.0\r\nHost: a\r\n\r\n",
          "BREW /who HTTP/1.1\r\nHost: a\r\n\r\n", "GET /who HTTP/1.1\r\n\r\n",
          "GET /who HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET /static/..%2fx HTTP/1.1\r\nHost: a\r\n\r\n", "GET /./who HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET /who HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx",
          "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
          "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
          "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
          "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"})
        EXPECT_EQ(status_of(bytes), 400) << bytes;
    EXPECT_EQ(status_of("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 431);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a') + "\r\n\r\n"), 431);
}

TEST_F(HttpSession, AChangeNeedsJsonAndAPageOfThisDevice) {
    EXPECT_EQ(status_of_post(json), 200);
    EXPECT_EQ(status_of_post("Content-Type: Application/JSON; charset=utf-8\r\n"), 200);
    EXPECT_EQ(status_of_post(""), 415);
    EXPECT_EQ(status_of_post("Content-Type: text/plain\r\n"), 415);
    EXPECT_EQ(status_of_post("Content-Type: application/jsonx\r\n"), 415);
    EXPECT_EQ(status_of_post(std::string(json) + "Content-Encoding: gzip\r\n"), 415);
    EXPECT_EQ(status_of_post(std::string(json) + "Origin: https://DEVICE\r\n"), 200);
    EXPECT_EQ(status_of_post(std::string(json) + "Origin: https://device.evil\r\n"), 403);
    EXPECT_EQ(status_of_post(std::string(json) + "Origin: https://evil/device\r\n"), 403);
    EXPECT_EQ(status_of_post(std::string(json) + "Origin: null\r\n"), 403);
    EXPECT_EQ(status_of_post(std::string(json) + "Origin: \r\n"), 403);
}

TEST_F(HttpSession, ABodyThatIsTooLargeIsRefusedBeforeItIsSentAndWhileItComes) {
    const std::string head = std::string("POST /echo HTTP/1.1\r\nHost: a\r\n") + json;
    EXPECT_EQ(status_of(head + "Content-Length: 99999999999\r\n\r\n"), 413);
    EXPECT_EQ(status_of(head + "Content-Length: 1048577\r\n\r\n" + std::string(1048577, ' ')), 413);
    EXPECT_EQ(status_of(head + "Content-Length: 1048576\r\n\r\n" + std::string(1048574, ' ') + "{}"), 200);
    std::string chunks;
    for (int number = 0; number < 17; ++number) chunks += "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
    EXPECT_EQ(status_of(head + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n"), 413);
}

TEST_F(HttpSession, BodiesMayComeInChunks) {
    const std::string head =
        std::string("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n") + json + "\r\n";
    ApiClient client(server_.socket());
    client.send(head + "4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\nGET /who HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.receive().body, "{\"a\":1}\n");
    EXPECT_EQ(client.receive().status, 200);
    EXPECT_EQ(status_of(head + "x\r\n{}\r\n0\r\n\r\n"), 400);
    EXPECT_EQ(status_of(head + "2\r\n{}..0\r\n\r\n"), 400);
}

TEST_F(HttpSession, ExpectingClientsAreToldBeforeTheySend) {
    ApiClient client(server_.socket());
    const std::string head =
        "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n";
    client.send(head + json + "\r\n");
    EXPECT_EQ(client.receive().status, 100);
    client.send("{}");
    EXPECT_EQ(client.receive().status, 200);
    client.send(head + "\r\n");
    EXPECT_EQ(client.receive().status, 415);
}

TEST_F(HttpSession, AnAnswerThatIsCutShortDoesNotLookWhole) {
    ApiClient client(server_.socket());
    client.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_until("\r\n\r\n");
    EXPECT_EQ(client.read_until("part\r\n"), "4\r\npart\r\n");
    EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpSession, OldClientsGetTheAnswerWithoutChunksAndTheEnd) {
    ApiClient client(server_.socket());
    client.send("GET /pieces HTTP/1.0\r\nHost: a\r\n\r\n");
    EXPECT_FALSE(client.receive(false).headers.contains("transfer-encoding"));
    EXPECT_EQ(client.read_until("two"), "one two");
    EXPECT_TRUE(client.is_ended());
}

TEST_F(HttpSession, AnswersAreWholeWhateverRangeIsAskedFor) {
    ApiClient client(server_.socket());
    const Reply whole = client.get("/who");
    const Reply part = client.ask("GET", "/who", "Range: bytes=0-1\r\n");
    EXPECT_EQ(part.status, 200);
    EXPECT_EQ(part.body, whole.body);
}

TEST_F(HttpSession, AConnectionThatWasToldToCloseEnds) {
    ApiClient client(server_.socket());
    const Reply reply = client.ask("GET", "/who", "Connection: close\r\n");
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_TRUE(client.is_ended());
}

}  // namespace
}  // namespace cairn::daemon
