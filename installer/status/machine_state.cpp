#include "installer/status/machine_state.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <memory>
#include <netinet/in.h>

#include "images/layout/boot_report.h"
#include "images/layout/paths.h"
#include "installer/disks/machine_name.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::status {

namespace {

namespace fs = std::filesystem;
namespace report = layout::boot_report;

constexpr std::uint64_t small_file = std::uint64_t{1} << 20;

std::string find_text(const Json& object, std::string_view key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json find_object(const fs::path& path) {
    try {
        const auto text = find_file(path, small_file);
        Json value = text ? parse_json(*text, path.string()) : Json::object();
        return value.is_object() ? value : Json::object();
    } catch (const std::exception&) {
        return Json::object();
    }
}

void read_boot_report(MachineState& state, const fs::path& root) {
    const Json boot = find_object(root / layout::paths::boot_report.substr(1));
    state.image = find_text(boot, report::name);
    state.version = find_text(boot, report::version);
    state.slot = find_text(boot, report::slot);
    state.root_hash = find_text(boot, report::root_hash);
    state.data = find_text(boot, report::data);
    state.data_error = find_text(boot, report::data_error);
    const auto trial = boot.find(report::on_trial);
    state.is_on_trial = trial != boot.end() && trial->is_boolean() && trial->get<bool>();
}

std::uint64_t find_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// "MemTotal:  1000 kB" in /proc/meminfo.
Amount read_memory(const fs::path& root) {
    Amount memory;
    const std::string text = find_file(root / "proc/meminfo", small_file).value_or("");
    for (const std::string& line : split(text, '\n')) {
        const auto words = split_words(line);
        if (words.size() < 2) continue;
        if (words[0] == "MemTotal:") memory.total = find_number(words[1]) * 1024;
        if (words[0] == "MemAvailable:") memory.available = find_number(words[1]) * 1024;
    }
    return memory;
}

std::chrono::minutes read_uptime(const fs::path& root) {
    const std::string text = find_file(root / "proc/uptime", small_file).value_or("");
    return std::chrono::floor<std::chrono::minutes>(std::chrono::seconds(find_number(text)));
}

std::optional<Amount> find_room(const fs::path& place) {
    struct statvfs room = {};
    if (statvfs(place.c_str(), &room) != 0) return std::nullopt;
    return Amount{room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize};
}

/// Running, and ready if it has a way to say so.
bool is_up(const fs::path& service) {
    try {
        if (trim(find_file(service / "supervise/stat", small_file).value_or("")) != "run") return false;
        return !fs::exists(service / "check") ||
               run_command({.arguments = {service / "check"}, .directory = service}).status == 0;
    } catch (const std::exception&) {
        return false;
    }
}

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

void find_services(MachineState& state, const fs::path& folder) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename();
        if (name.starts_with('.')) continue;
        ++state.services;
        if (!is_up(entry.path())) state.services_down.push_back(name);
    }
    std::ranges::sort(state.services_down);
}

MachineState read_machine_state(const fs::path& root) {
    MachineState state;
    state.machine = disks::read_machine_name(root);
    read_boot_report(state, root);
    state.memory = read_memory(root);
    state.uptime = read_uptime(root);
    state.data_room = find_room(root / "var");
    return state;
}

}  // namespace cairn::status
