#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>

#include "pkg/base/fd.h"
#include "pkg/base/json.h"

/// What goes over the helper's socket, both ways: frames (HELPER.md).
namespace cairn::api {

/// More in one frame is refused by whoever receives it, before it is read.
inline constexpr std::size_t most_frame_bytes = std::size_t{1} << 20;

/// One frame: a JSON object or bytes.
struct Frame {
    std::optional<Json> json = {};
    std::string bytes = {};
};

/// A connected stream socket that carries frames. Owns the socket. Nothing that the other side sends does
/// more than make a call throw; after a throw the channel is of no more use.
class FrameChannel {
  public:
    /// `peer` is for messages.
    FrameChannel(Fd socket, std::string peer) : socket_(std::move(socket)), peer_(std::move(peer)) {}

    /// Text that is no UTF-8 is mended, not refused: messages quote what programs printed.
    void send(const Json& object) const;
    void send_bytes(std::span<const std::uint8_t> bytes) const;
    /// The next frame. Throws NetworkError when the connection ends or stays silent for longer than the
    /// socket's SO_RCVTIMEO allows, VerifyError for what is no frame.
    Frame receive() const;
    /// The same, for where only JSON may stand.
    Json receive_json() const;

    int fd() const { return socket_.get(); }

  private:
    void send_frame(char type, std::string_view payload) const;
    void read_exactly(std::span<char> bytes) const;

    Fd socket_;
    std::string peer_;
};

/// An error as JSON, {"kind", "message", "details", "context", "hint"}, and back as the class that it was.
Json error_to_json(const std::exception& error);
/// Throws VerifyError when it is none.
[[noreturn]] void throw_error(const Json& error);

}  // namespace cairn::api
