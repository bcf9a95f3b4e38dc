#pragma once

#include "installer/api/frames.h"
#include "pkg/net/transport.h"

namespace cairn::helper {

/// Has whoever is connected fetch bytes (installer/api/HELPER.md). Nothing of it is believed: it may give
/// other bytes, fewer or none. For the thread that serves the connection.
class FetchTransport final : public net::Transport {
  public:
    explicit FetchTransport(const api::FrameChannel& channel) : channel_(channel) {}

    /// `request.url` is a path below the repository's targets. Throws what the other side failed with.
    net::Outcome get(const net::Request& request, const net::Sink& sink) override;

  private:
    const api::FrameChannel& channel_;
};

}  // namespace cairn::helper
