#include "installer/api/frames.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <format>
#include <string_view>

#include "pkg/base/error.h"

namespace cairn::api {

namespace {

constexpr std::size_t head_bytes = 5;  // length and type
constexpr char json_type = 'J';
constexpr char bytes_type = 'D';

void send_all(int fd, std::string_view bytes, const std::string& peer) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const int number = errno;
            throw NetworkError(std::format("cannot send to {}: {}", peer, std::strerror(number)));
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace

void FrameChannel::send(const Json& object) const {
    send_frame(json_type, object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void FrameChannel::send_bytes(std::span<const std::uint8_t> bytes) const {
    while (!bytes.empty()) {
        const auto piece = bytes.first(std::min(bytes.size(), most_frame_bytes));
        send_frame(bytes_type, {reinterpret_cast<const char*>(piece.data()), piece.size()});
        bytes = bytes.subspan(piece.size());
    }
}

void FrameChannel::send_frame(char type, std::string_view payload) const {
    if (payload.size() > most_frame_bytes)
        throw Error(std::format("cannot send {} bytes to {} in one frame", payload.size(), peer_));
    const auto length = static_cast<std::uint32_t>(payload.size());
    std::string frame;
    frame.reserve(head_bytes + payload.size());
    for (unsigned shift = 0; shift < 32; shift += 8) frame += static_cast<char>(length >> shift & 0xFF);
    frame += type;
    frame += payload;
    send_all(socket_.get(), frame, peer_);
}

void FrameChannel::read_exactly(std::span<char> bytes) const {
    while (!bytes.empty()) {
        const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            const int number = errno;
            const bool is_silent = number == EAGAIN || number == EWOULDBLOCK;
            throw NetworkError(std::format("cannot hear from {}: {}", peer_,
                                           is_silent ? "it stays silent" : std::strerror(number)));
        }
        if (count == 0) throw NetworkError(std::format("{} ended the connection", peer_));
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

Frame FrameChannel::receive() const {
    std::array<char, head_bytes> head;
    read_exactly(head);
    std::uint32_t length = 0;
    for (unsigned index = 0; index < 4; ++index)
        length |= std::uint32_t{static_cast<unsigned char>(head[index])} << (8 * index);
    const char type = head[4];
    if ((type != json_type && type != bytes_type) || length == 0 || length > most_frame_bytes)
        throw VerifyError(std::format("what {} sent is no frame", peer_));

    Frame frame;
    frame.bytes.resize(length);
    read_exactly(frame.bytes);
    if (type == bytes_type) return frame;
    frame.json = parse_json(frame.bytes, peer_);
    frame.bytes.clear();
    if (!frame.json->is_object()) throw VerifyError(std::format("what {} sent is no JSON object", peer_));
    return frame;
}

Json FrameChannel::receive_json() const {
    Frame frame = receive();
    if (!frame.json) throw VerifyError(std::format("{} sent bytes where none were asked for", peer_));
    return std::move(*frame.json);
}

}  // namespace cairn::api
