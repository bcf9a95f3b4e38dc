#include "installer/daemon/event_hub.h"

#include <future>
#include <gtest/gtest.h>
#include <thread>

namespace cairn::daemon {
namespace {

/// What a stream sends, up to `most` pieces; then its client is gone.
std::string read_stream(const api::Answer& answer, int most) {
    std::string text;
    answer.stream([&](std::string_view bytes) {
        text += bytes;
        return --most > 0;
    });
    return text;
}

TEST(EventHub, ANewStreamStartsWithTheNewestStatusAndNothingOlder) {
    EventHub hub;
    hub.publish("status", {{"update_state", "Idle"}});
    hub.publish("progress", {{"step", "fetch"}});
    hub.publish("status", {{"update_state", "Available"}});
    const api::Answer answer = hub.open_stream();
    EXPECT_EQ(answer.content_type, "text/event-stream");
    EXPECT_EQ(read_stream(answer, 2),
              ": listening\n\nevent: status\ndata: {\"update_state\":\"Available\"}\n\n");
}

TEST(EventHub, EveryStreamGetsEveryEventInOrder) {
    EventHub hub;
    const api::Answer one = hub.open_stream();
    const api::Answer two = hub.open_stream();
    hub.publish("settings", 1);
    hub.publish("health", 2);
    const std::string expected = ": listening\n\nevent: settings\ndata: 1\n\nevent: health\ndata: 2\n\n";
    EXPECT_EQ(read_stream(one, 2), expected);
    EXPECT_EQ(read_stream(two, 2), expected);
}

TEST(EventHub, AReaderThatDoesNotKeepUpIsCutOffAndHoldsNobodyUp) {
    EventHub hub({.waiting_bytes = 1000});
    const api::Answer slow = hub.open_stream();
    for (int number = 0; number < 100; ++number) hub.publish("progress", std::string(90, 'x'));
    int pieces = 0;
    EXPECT_FALSE(slow.stream([&](std::string_view bytes) {
        EXPECT_LT(bytes.size(), 1100U);
        ++pieces;
        return true;
    }));
    EXPECT_EQ(pieces, 1);
}

TEST(EventHub, TheStreamsAreCountedUntilTheirAnswersAreGone) {
    EventHub hub({.streams = 2});
    const api::Answer one = hub.open_stream();
    {
        const api::Answer two = hub.open_stream();
        EXPECT_EQ(hub.open_stream().status, 503);
        EXPECT_EQ(hub.stream_count(), 2U);
    }
    EXPECT_EQ(hub.open_stream().status, 200);
}

TEST(EventHub, AQuietStreamSendsHeartbeats) {
    EventHub hub({.heartbeat = std::chrono::milliseconds(1)});
    EXPECT_EQ(read_stream(hub.open_stream(), 3), ": listening\n\n:\n\n:\n\n");
}

TEST(EventHub, ClosingEndsStreamsAsWhole) {
    EventHub hub;
    const api::Answer answer = hub.open_stream();
    std::promise<void> started;
    std::future<bool> end = std::async(std::launch::async, [&] {
        return answer.stream([&](std::string_view) {
            started.set_value();
            return true;
        });
    });
    started.get_future().wait();
    hub.close();
    EXPECT_TRUE(end.get());
    EXPECT_TRUE(hub.open_stream().stream([](std::string_view) { return true; }));
}

}  // namespace
}  // namespace cairn::daemon
