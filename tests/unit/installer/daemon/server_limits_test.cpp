#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "tests/unit/installer/daemon/api_client.h"
#include "tests/unit/installer/daemon/test_api.h"

/// What clients that are slow, many or mad get, and that the server outlives them.
namespace cairn::daemon {
namespace {

using std::chrono::milliseconds;

ServerOptions quick_options() {
    ServerOptions options = TestServer::default_options();
    options.http.limits.idle = options.http.limits.head = options.http.limits.body =
        options.http.limits.answer = milliseconds(100);
    return options;
}

TEST(ServerLimits, ASlowHeadAndASlowBodyGet408) {
    TestServer server(quick_options());
    ApiClient head(server.socket());
    ApiClient body(server.socket());
    head.send("GET /who HT");
    body.send(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{");
    EXPECT_EQ(head.receive().status, 408);
    EXPECT_TRUE(head.is_ended());
    EXPECT_EQ(body.receive().status, 408);
    EXPECT_TRUE(body.is_ended());
}

TEST(ServerLimits, BytesOneByOneDoNotKeepAConnection) {
    TestServer server(quick_options());
    ApiClient client(server.socket());
    client.send("GET /who HTTP/1.1\r\nX: ");
    std::atomic<bool> is_done = false;
    std::thread drip([&] {
        for (; !is_done; std::this_thread::sleep_for(milliseconds(10))) client.send("a");
    });
    EXPECT_EQ(client.receive().status, 408);
    is_done = true;
    drip.join();
}

TEST(ServerLimits, AnIdleConnectionIsEndedWithoutAWord) {
    TestServer server(quick_options());
    ApiClient client(server.socket());
    EXPECT_EQ(client.get("/who").status, 200);
    EXPECT_TRUE(client.is_ended());
}

TEST(ServerLimits, AClientThatDoesNotReadIsLeft) {
    TestServer server(quick_options());
    ApiClient client(server.socket());
    // Far more answers than the buffers of both sides hold.
    for (int number = 0; number < 3000; ++number)
        client.send("GET /who?" + std::string(2000, 'x') + "=" + " HTTP/1.1\r\nHost: a\r\n\r\n");
    while (server.server.figures().socket_connections > 0) std::this_thread::yield();
    EXPECT_EQ(ApiClient(server.socket()).get("/who").status, 200);
}

TEST(ServerLimits, ConnectionsBeyondTheLimitGet503AndLaterOnesAreServed) {
    ServerOptions options = TestServer::default_options();
    options.connections = 2;
    TestServer server(std::move(options));
    {
        ApiClient one(server.socket());
        ApiClient two(server.socket());
        EXPECT_EQ(one.get("/who").status, 200);
        EXPECT_EQ(two.get("/who").status, 200);
        EXPECT_EQ(ApiClient(server.socket()).receive().status, 503);
        EXPECT_EQ(one.get("/who").status, 200);
    }
    while (server.server.figures().socket_connections > 0) std::this_thread::yield();
    int status;
    while ((status = ApiClient(server.socket()).get("/who").status) == 503) std::this_thread::yield();
    EXPECT_EQ(status, 200);
    EXPECT_GE(server.server.figures().refused, 1U);
}

TEST(ServerLimits, StreamsOfEventsAreCounted) {
    TestServer server;
    std::vector<std::unique_ptr<ApiClient>> clients;
    for (int number = 0; number < 16; ++number) {
        clients.push_back(std::make_unique<ApiClient>(server.socket()));
        clients.back()->send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_NE(clients.back()->read_until(": listening\n\n"), "");
    }
    EXPECT_EQ(ApiClient(server.socket()).get("/events").status, 503);
    server.api.hub.publish("health", {{"status", "good"}});
    for (const auto& client : clients) EXPECT_NE(client->read_until("data: {\"status\":\"good\"}\n\n"), "");
}

TEST(ServerLimits, GarbageLeavesTheServerAlive) {
    TestServer server(quick_options());
    std::uint32_t state = 1;
    for (int number = 0; number < 100; ++number) {
        std::string bytes(500, '\0');
        for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
        ApiClient client(server.socket());
        client.send(number % 2 == 0 ? bytes : "POST /echo HTTP/1.1\r\n" + bytes + "\r\n\r\n");
        EXPECT_EQ(client.receive().status, 400);
    }
    EXPECT_EQ(ApiClient(server.socket()).get("/who").status, 200);
}

TEST(ServerLimits, TwoHundredClientsAtOnceAreServedWithoutAnError) {
    TestServer server;
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int number = 0; number < 8; ++number)
        threads.emplace_back([&] {
            std::vector<std::unique_ptr<ApiClient>> clients;
            for (int client = 0; client < 25; ++client)
                clients.push_back(std::make_unique<ApiClient>(server.socket()));
            for (int round = 0; round < 10; ++round)
                for (const auto& client : clients) good += client->get("/who").status == 200 ? 1 : 0;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(good, 200 * 10);
    EXPECT_EQ(server.server.figures().refused, 0U);
}

}  // namespace
}  // namespace cairn::daemon
