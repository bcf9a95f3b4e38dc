#include "cli/device/device.h"

#include <format>

#include "pkg/base/error.h"

namespace cairn::device {
namespace {

net::Server find_remote(const KnownDevices& devices, const std::string& host) {
    const auto known = devices.find(parse_address(host));
    if (!known)
        throw UsageError(std::format("this machine was not paired with '{}'", host))
            .hint(std::format("cairnctl pair {}", host));
    return devices.to_server(*known);
}

}  // namespace

Api& Device::api() {
    if (!host.empty() && !socket.empty())
        throw UsageError("--host and --socket name two devices").hint("give one of them");
    if (!api_)
        api_.emplace(host.empty() ? net::Server(net::UnixServer{socket.empty() ? default_socket : socket})
                                  : find_remote(known_devices(), host));
    return *api_;
}

void add_json_flag(term::Command& command, bool& is_json) {
    command.add_flag("--json", is_json, "the device's answer as JSON");
}

}  // namespace cairn::device
