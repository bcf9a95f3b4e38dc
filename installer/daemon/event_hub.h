#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "installer/api/request.h"
#include "pkg/base/json.h"

/// Events for everybody who listens to GET /events.
namespace cairn::daemon {

struct EventLimits {
    std::size_t streams = 16;
    std::size_t waiting_bytes = std::size_t{64} << 10;  // of one stream, beyond what lies in its socket
    std::chrono::milliseconds heartbeat{
        15'000};  // a comment line, so that both sides notice a dead connection
};

/// Hands each event to all streams (server-sent events, `text/event-stream`). Nobody who publishes ever waits
/// for a reader: one that does not keep up is cut off, and connects again when it wants to. May be used by
/// many threads.
class EventHub {
  public:
    explicit EventHub(EventLimits limits = {}) : limits_(limits) {}
    EventHub(const EventHub&) = delete;
    EventHub& operator=(const EventHub&) = delete;

    void publish(std::string_view event, const Json& data);

    /// The answer that is a new stream: first the newest event "status", then all that are published from now
    /// on. 503 when there are too many streams. The hub must outlive the answer.
    api::Answer open_stream();

    /// Ends all streams, and those that are opened later at once.
    void close();

    std::size_t stream_count() const;

  private:
    struct Stream {
        std::deque<std::string> waiting;
        std::size_t bytes = 0;
        bool is_cut = false;
    };

    bool run(Stream& stream, const api::Write& write);
    void add(Stream& stream, const std::string& text);
    void remove(const Stream* stream);

    const EventLimits limits_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Stream*> streams_;  // all guarded by mutex_; owned by their answers
    std::string newest_status_;
    bool is_closed_ = false;
};

}  // namespace cairn::daemon
