#include "installer/helper/fetch_transport.h"

#include <sys/socket.h>

#include <gtest/gtest.h>
#include <thread>

#include "pkg/base/error.h"

namespace cairn::helper {
namespace {

/// Both ends of a connection.
struct Pair {
    api::FrameChannel helper;
    api::FrameChannel client;
};

Pair make_pair() {
    int ends[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    return {api::FrameChannel(Fd(ends[0]), "the client"), api::FrameChannel(Fd(ends[1]), "the helper")};
}

/// What comes of a request for 4 bytes when the client answers like this.
struct Answered {
    Json question;
    net::Outcome outcome = net::Outcome::not_found;
    std::string bytes;
};
Answered ask(const std::function<void(const api::FrameChannel&)>& answer) {
    Pair pair = make_pair();
    answer(pair.client);
    Answered result;
    result.outcome =
        FetchTransport(pair.helper)
            .get({.url = "payload/x.tree", .offset = 8, .length = 4, .ranges = net::Ranges::required},
                 [&](std::span<const std::uint8_t> bytes) {
                     result.bytes.append(bytes.begin(), bytes.end());
                 });
    result.question = pair.client.receive_json();
    return result;
}
void send(const api::FrameChannel& channel, std::string_view bytes) {
    channel.send_bytes(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

TEST(FetchTransport, AsksTheClientAndGivesItsBytes) {
    const Answered answered = ask([](const api::FrameChannel& client) {
        send(client, "ab");
        send(client, "cd");
        client.send(Json{{"fetched", "complete"}});
    });
    EXPECT_EQ(answered.outcome, net::Outcome::complete);
    EXPECT_EQ(answered.bytes, "abcd");
    EXPECT_EQ(answered.question,
              Json({{"fetch",
                     {{"path", "payload/x.tree"}, {"offset", 8}, {"length", 4}, {"ranges", "required"}}}}));
}

TEST(FetchTransport, GivesTheOutcome) {
    for (const auto& [word, outcome] : {std::pair{"not_found", net::Outcome::not_found},
                                        {"out_of_range", net::Outcome::out_of_range},
                                        {"no_ranges", net::Outcome::no_ranges}})
        EXPECT_EQ(ask([&](const api::FrameChannel& client) { client.send(Json{{"fetched", word}}); }).outcome,
                  outcome);
}

TEST(FetchTransport, ThrowsWhatTheClientFailedWith) {
    EXPECT_THROW(ask([](const api::FrameChannel& client) {
                     client.send(Json{{"failed", api::error_to_json(NetworkError("no route"))}});
                 }),
                 NetworkError);
}

TEST(FetchTransport, RefusesMoreThanWasAskedFor) {
    EXPECT_THROW(ask([](const api::FrameChannel& client) { send(client, "abcde"); }), VerifyError);
}

TEST(FetchTransport, RefusesAnswersThatMakeNoSense) {
    for (const Json& answer :
         {Json{{"fetched", "maybe"}}, Json{{"fetched", 1}}, Json{{"done", true}}, Json{{"failed", "no"}}})
        EXPECT_THROW(ask([&](const api::FrameChannel& client) { client.send(answer); }), VerifyError)
            << answer;
    EXPECT_THROW(ask([](const api::FrameChannel& client) {
                     send(client, "ab");
                     client.send(Json{{"fetched", "not_found"}});
                 }),
                 VerifyError);
}

}  // namespace
}  // namespace cairn::helper
