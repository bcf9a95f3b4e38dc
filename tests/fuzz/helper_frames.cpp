#include <sys/socket.h>

#include "installer/api/errors.h"
#include "installer/api/frames.h"
#include "tests/fuzz/fuzz.h"

/// Input: all that the other side of the helper's socket sends, before it ends the connection.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

/// What a socket's buffer takes at once, so that nobody has to read while it is written.
constexpr std::size_t most_input = 64 * 1024;

/// A refusal is one of two kinds: no frame, or the connection's end.
std::optional<api::Frame> find_frame(const api::FrameChannel& channel) {
    try {
        return channel.receive();
    } catch (const VerifyError&) {
        return std::nullopt;
    } catch (const NetworkError&) {
        return std::nullopt;
    }
}

void check_error(const Json& json) {
    try {
        api::throw_error(json);
    } catch (const Error& error) {
        require(!error.message().empty(), "an error says something");
        const Json again = api::error_to_json(error);
        require(!is_accepted([&] { api::throw_error(again); }), "what was an error stays one");
    }
}

}  // namespace

FUZZ_TARGET(input) {
    if (input.size() > most_input) return;
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there are sockets");
    const api::FrameChannel channel(Fd(ends[0]), "fuzz");
    {
        const Fd sender(ends[1]);
        write_all(sender.get(), text_of(input), "socket");
    }
    std::size_t taken = 0;
    while (const auto frame = find_frame(channel)) {
        require(!frame->json || frame->json->is_object(), "JSON is an object");
        require(frame->json || (!frame->bytes.empty() && frame->bytes.size() <= api::most_frame_bytes),
                "bytes are bounded");
        taken += 5 + frame->bytes.size();
        require(taken <= input.size(), "nothing is made up");
        if (frame->json) check_error(*frame->json);
    }
}
