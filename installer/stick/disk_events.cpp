#include "installer/stick/disk_events.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ranges>

#include "pkg/base/error.h"

namespace cairn::stick {

namespace {

constexpr unsigned kernel_group = 1;

}  // namespace

bool is_about_disks(std::string_view message) {
    return std::ranges::any_of(std::views::split(message, '\0'), [](auto field) {
        return std::string_view(field.begin(), field.end()) == "SUBSYSTEM=block";
    });
}

DiskEvents::DiskEvents()
    : socket_(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)) {
    if (!socket_.is_open()) throw SystemError("cannot ask the kernel to tell of disks");
    sockaddr_nl address = {};
    address.nl_family = AF_NETLINK;
    address.nl_groups = kernel_group;
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw SystemError("cannot hear what the kernel tells of disks");
}

bool DiskEvents::take() {
    bool has_news = false;
    for (;;) {
        std::array<char, 8192> message;
        sockaddr_nl sender = {};
        socklen_t size = sizeof sender;
        const ssize_t count = ::recvfrom(socket_.get(), message.data(), message.size(), 0,
                                         reinterpret_cast<sockaddr*>(&sender), &size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == ENOBUFS) {
            has_news = true;
            continue;
        }
        if (count < 0 && errno != EAGAIN) throw SystemError("cannot hear what the kernel tells of disks");
        if (count < 0) return has_news;
        const bool is_of_kernel = sender.nl_pid == 0;  // others may send to the group as well
        if (is_of_kernel && is_about_disks({message.data(), static_cast<std::size_t>(count)}))
            has_news = true;
    }
}

}  // namespace cairn::stick
