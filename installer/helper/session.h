#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "installer/api/frames.h"
#include "installer/helper/fetch_transport.h"

namespace cairn::helper {

/// One request being served, from the verb's side.
class Session {
  public:
    explicit Session(const api::FrameChannel& channel) : channel_(channel), fetch_(channel) {}

    net::Transport& fetch() { return fetch_; }
    /// Tells the client, but not more often than it can show. Throws NetworkError when it is gone, which ends
    /// the verb.
    void report(std::string_view step, std::uint64_t done, std::uint64_t total);

  private:
    const api::FrameChannel& channel_;
    FetchTransport fetch_;
    std::chrono::steady_clock::time_point next_report_ = {};
};

}  // namespace cairn::helper
