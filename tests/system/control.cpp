#include "tests/system/control.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <format>

#include "pkg/base/error.h"

namespace cairn::system_test {

namespace {

constexpr timeval patience = {.tv_sec = 60, .tv_usec = 0};

Fd connect_to(const std::filesystem::path& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    CHECK(text.size() < sizeof address.sun_path);
    std::ranges::copy(text, address.sun_path);
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw SystemError(std::format("cannot reach QEMU at '{}'", text));
    if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
        throw SystemError("cannot limit how long QEMU may take");
    return fd;
}

}  // namespace

Control::Control(const std::filesystem::path& socket) : socket_(connect_to(socket)) {
    receive();  // its greeting
    run("qmp_capabilities", Json::object());
}

Json Control::receive() {
    std::size_t end = 0;
    while ((end = received_.find('\n')) == std::string::npos) {
        std::array<char, 4096> bytes = {};
        const ssize_t count = recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (count <= 0) throw Error("QEMU says nothing more");
        received_.append(bytes.data(), static_cast<std::size_t>(count));
    }
    Json message = parse_json(received_.substr(0, end), "what QEMU says");
    received_.erase(0, end + 1);
    if (message.contains("event")) events_.push_back(message["event"]);
    return message;
}

Json Control::run(const std::string& command, const Json& arguments) {
    write_all(socket_.get(), Json{{"execute", command}, {"arguments", arguments}}.dump() + "\n", "QEMU");
    for (;;) {
        Json answer = receive();
        if (answer.contains("return")) return answer["return"];
        if (answer.contains("error"))
            throw Error(std::format("QEMU refuses '{}'", command)).detail("it said", answer["error"].dump());
    }
}

void Control::wait_for(const std::string& event) {
    while (!std::ranges::contains(events_, event)) receive();
}

}  // namespace cairn::system_test
