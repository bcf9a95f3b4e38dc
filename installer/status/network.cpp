#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <memory>
#include <netinet/in.h>

#include "installer/status/machine_state.h"

namespace cairn::status {

namespace {

std::optional<std::string> find_address(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text = {};
    if (address->sa_family == AF_INET) {
        const auto* four = reinterpret_cast<const sockaddr_in*>(address);
        return inet_ntop(AF_INET, &four->sin_addr, text.data(), text.size());
    }
    if (address->sa_family == AF_INET6) {
        const auto* six = reinterpret_cast<const sockaddr_in6*>(address);
        if (IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr)) return std::nullopt;
        return inet_ntop(AF_INET6, &six->sin6_addr, text.data(), text.size());
    }
    return std::nullopt;
}

}  // namespace

std::vector<NetworkInterface> find_interfaces() {
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
    std::vector<NetworkInterface> interfaces;
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
        if ((one->ifa_flags & IFF_LOOPBACK) != 0) continue;
        auto found = std::ranges::find(interfaces, one->ifa_name, &NetworkInterface::name);
        if (found == interfaces.end()) {
            interfaces.push_back({one->ifa_name, (one->ifa_flags & IFF_RUNNING) != 0});
            found = std::prev(interfaces.end());
        }
        if (one->ifa_addr == nullptr) continue;
        if (const auto address = find_address(one->ifa_addr)) found->addresses.push_back(*address);
    }
    return interfaces;
}

}  // namespace cairn::status
