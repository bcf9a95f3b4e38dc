#include "installer/daemon/event_hub.h"

#include <format>
#include <memory>
#include <vector>

namespace cairn::daemon {

void EventHub::publish(std::string_view event, const Json& data) {
    // JSON without line breaks: one line of data.
    const std::string text = std::format("event: {}\ndata: {}\n\n", event,
                                         data.dump(-1, ' ', false, Json::error_handler_t::replace));
    const std::scoped_lock lock(mutex_);
    if (event == "status") newest_status_ = text;
    for (Stream* stream : streams_) add(*stream, text);
    changed_.notify_all();
}

void EventHub::add(Stream& stream, const std::string& text) {
    if (stream.is_cut) return;
    if (stream.bytes + text.size() > limits_.waiting_bytes && !stream.waiting.empty()) {
        stream.is_cut = true;
        return;
    }
    stream.waiting.push_back(text);
    stream.bytes += text.size();
}

api::Answer EventHub::open_stream() {
    const std::scoped_lock lock(mutex_);
    if (streams_.size() >= limits_.streams)
        return api::make_error_answer(503,
                                      std::format("there are {} streams of events already", streams_.size()),
                                      {}, "end one of them, or ask for GET /updates/status instead");
    // Leaves the hub with the last copy of the answer, also when the answer is never sent.
    const std::shared_ptr<Stream> stream(new Stream, [this](const Stream* gone) {
        remove(gone);
        delete gone;
    });
    if (!newest_status_.empty()) add(*stream, newest_status_);
    streams_.push_back(stream.get());
    return {.content_type = "text/event-stream",
            .headers = {{"Cache-Control", "no-store"}},
            .stream = [this, stream](const api::Write& write) { return run(*stream, write); }};
}

bool EventHub::run(Stream& stream, const api::Write& write) {
    // At once, so that the client knows that it is listened to.
    if (!write(": listening\n\n")) return false;
    std::unique_lock lock(mutex_);
    while (!is_closed_ && !stream.is_cut) {
        const bool is_new = changed_.wait_for(
            lock, limits_.heartbeat, [&] { return is_closed_ || stream.is_cut || !stream.waiting.empty(); });
        std::string text = is_new ? std::string() : std::string(":\n\n");
        for (const std::string& event : stream.waiting) text += event;
        stream.waiting.clear();
        stream.bytes = 0;
        lock.unlock();
        if (!text.empty() && !write(text)) return false;
        lock.lock();
    }
    return is_closed_;
}

void EventHub::remove(const Stream* stream) {
    const std::scoped_lock lock(mutex_);
    std::erase(streams_, stream);
}

void EventHub::close() {
    const std::scoped_lock lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
}

std::size_t EventHub::stream_count() const {
    const std::scoped_lock lock(mutex_);
    return streams_.size();
}

}  // namespace cairn::daemon
