#include "cli/device/event_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/error.h"

namespace cairn::device {
namespace {

using testing::ElementsAre;

// However the bytes are cut, the events are the same.
TEST(EventStream, GivesWholeEventsFromPiecesOfAnySize) {
    const std::string bytes =
        ": comment\n\nevent: status\ndata: {\"a\": 1}\n\nevent: x\r\ndata: one\r\ndata:two\r\n\r\ndata: y\n\n"
        "event: without data\n\nid: 7\nretry\ndata: half";
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        std::vector<Event> events;
        EventStream stream([&](const Event& event) { events.push_back(event); });
        for (std::size_t at = 0; at < bytes.size(); at += size) stream.feed(bytes.substr(at, size));
        EXPECT_THAT(events,
                    ElementsAre(Event{"status", "{\"a\": 1}"}, Event{"x", "one\ntwo"}, Event{"", "y"}))
            << "pieces of " << size;
    }
}

TEST(EventStream, RefusesALineWithoutEnd) {
    EventStream stream([](const Event&) {});
    const std::string much(1 << 20, 'x');
    EXPECT_THROW(
        {
            for (int i = 0; i < 8; ++i) stream.feed(much);
        },
        NetworkError);
}

}  // namespace
}  // namespace cairn::device
