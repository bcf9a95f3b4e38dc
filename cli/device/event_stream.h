#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace cairn::device {

/// One server-sent event.
struct Event {
    std::string name;
    std::string data;
    bool operator==(const Event&) const = default;
};

/// Takes bytes of a stream of server-sent events (WHATWG HTML, section 9.2) as they arrive, in pieces of any
/// size, and gives whole events. Comments and fields without a meaning here are passed over.
class EventStream {
  public:
    explicit EventStream(std::function<void(const Event&)> take) : take_(std::move(take)) {}
    /// Throws NetworkError when one line has more than 4 MiB.
    void feed(std::string_view bytes);

  private:
    void take_line(std::string_view line);

    std::function<void(const Event&)> take_;
    std::string line_;  // that has no end yet
    Event event_;
    bool has_data_ = false;
};

}  // namespace cairn::device
