#include "installer/api/helper_link.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <format>
#include <optional>

#include "installer/api/frames.h"
#include "pkg/base/dir.h"
#include "pkg/base/error.h"

namespace cairn::api {

namespace {

FrameChannel open_channel(const std::filesystem::path& path) {
    sockaddr_un address{.sun_family = AF_UNIX};
    const std::string& text = path.native();
    if (text.size() >= sizeof address.sun_path)
        throw UsageError(std::format("path of a socket is too long: '{}'", text));
    std::memcpy(address.sun_path, text.c_str(), text.size());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) throw SystemError("cannot make a socket");
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int number = errno;
        throw NetworkError(std::format("cannot reach the helper: {}", std::strerror(number)))
            .detail("socket", text);
    }
    return FrameChannel(std::move(socket), "the helper");
}

std::uint64_t read_number(const Json& object, const char* name) {
    const auto field = object.find(name);
    if (field == object.end() || !field->is_number_unsigned())
        throw VerifyError(std::format("the helper sent no number '{}'", name));
    return field->get<std::uint64_t>();
}

std::string read_text(const Json& object, const char* name) {
    const auto field = object.find(name);
    if (field == object.end() || !field->is_string())
        throw VerifyError(std::format("the helper sent no text '{}'", name));
    return field->get<std::string>();
}

net::Request read_request(const Json& wanted) {
    net::Request request = {.url = read_text(wanted, "path"), .offset = read_number(wanted, "offset")};
    if (!is_safe_relative_path(request.url))
        throw VerifyError("the helper asked for something that is no path").detail("path", request.url);
    if (const auto length = wanted.find("length"); length != wanted.end() && !length->is_null())
        request.length = read_number(wanted, "length");
    if (read_text(wanted, "ranges") == "required") request.ranges = net::Ranges::required;
    return request;
}

std::string_view to_text(net::Outcome outcome) {
    switch (outcome) {
        case net::Outcome::complete:
            return "complete";
        case net::Outcome::not_found:
            return "not_found";
        case net::Outcome::out_of_range:
            return "out_of_range";
        case net::Outcome::no_ranges:
            return "no_ranges";
    }
    return "not_found";
}

/// Answers one request for bytes. What goes wrong is the helper's to judge: it is told, and ends the verb
/// with an error of its own. When it is gone in the middle, its last words are still to be read.
void serve_fetch(const FrameChannel& channel, const Json& wanted, net::Transport* fetch) {
    Json answer;
    try {
        if (fetch == nullptr) throw UsageError("nothing was given to fetch with");
        const net::Outcome outcome = fetch->get(
            read_request(wanted), [&](std::span<const std::uint8_t> bytes) { channel.send_bytes(bytes); });
        answer = {{"fetched", to_text(outcome)}};
    } catch (const std::exception& error) {
        answer = {{"failed", error_to_json(error)}};
    }
    try {
        channel.send(answer);
    } catch (const NetworkError&) {
        return;
    }
}

HelperProgress read_progress(const Json& progress) {
    return {.step = read_text(progress, "step"),
            .done = read_number(progress, "done"),
            .total = read_number(progress, "total")};
}

}  // namespace

Json SocketHelperLink::call(std::string_view verb, const Json& arguments, net::Transport* fetch,
                            const std::function<void(const HelperProgress&)>& on_progress) {
    const FrameChannel channel = open_channel(socket_);
    Json request = arguments.is_null() ? Json::object() : arguments;
    request["do"] = verb;
    channel.send(request);
    for (;;) {
        Json answer = channel.receive_json();
        if (answer.contains("result")) return answer["result"];
        if (answer.contains("error")) throw_error(answer["error"]);
        if (answer.contains("fetch")) {
            serve_fetch(channel, answer["fetch"], fetch);
        } else if (answer.contains("progress")) {
            if (on_progress) on_progress(read_progress(answer["progress"]));
        } else {
            throw VerifyError("the helper sent an answer that is none");
        }
    }
}

}  // namespace cairn::api
