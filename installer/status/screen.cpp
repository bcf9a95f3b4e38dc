#include "installer/status/screen.h"

#include <format>

#include "pkg/base/text.h"

namespace cairn::status {

namespace {

constexpr std::size_t shown_digits = 16;  // of the root hash

std::string format_amount(const Amount& amount) {
    return std::format("{} free of {}", format_bytes(amount.available), format_bytes(amount.total));
}

std::string or_unknown(const std::string& text) {
    return text.empty() ? "unknown" : text;
}

std::string format_data(const MachineState& state) {
    if (state.data == "failed")
        return std::format("NOT MOUNTED, nothing will be kept: {}", or_unknown(state.data_error));
    if (state.data.empty()) return "unknown";
    return state.data_room ? format_amount(*state.data_room) : "room unknown";
}

std::string format_interface(const NetworkInterface& interface) {
    if (!interface.addresses.empty())
        return std::format("{}: {}", interface.name, join(interface.addresses, ", "));
    return std::format("{}: {}", interface.name, interface.has_carrier ? "no address yet" : "no cable");
}

std::string format_services(const MachineState& state) {
    if (state.services == 0) return "unknown";
    if (state.services_down.empty()) return std::format("all {} are up", state.services);
    return std::format("{} of {} are up; not: {}", state.services - state.services_down.size(),
                       state.services, join(state.services_down, ", "));
}

std::string format_uptime(std::chrono::minutes uptime) {
    const auto days = std::chrono::floor<std::chrono::days>(uptime);
    const auto hours = std::chrono::floor<std::chrono::hours>(uptime - days);
    const auto minutes = uptime - days - hours;
    if (days.count() > 0)
        return std::format("{} d {} h {} min", days.count(), hours.count(), minutes.count());
    if (hours.count() > 0) return std::format("{} h {} min", hours.count(), minutes.count());
    return std::format("{} min", minutes.count());
}

/// What comes from disks and networks must not steer the terminal.
std::string make_printable(std::string text, std::size_t width) {
    for (char& letter : text)
        if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f) letter = '?';
    if (text.size() > width) text.resize(width);
    return text;
}

}  // namespace

std::vector<std::string> format_screen(const MachineState& state, std::size_t width) {
    std::vector<std::string> lines = {
        std::format("cairn {} on {}", or_unknown(state.version), or_unknown(state.machine)), ""};
    const auto add = [&](std::string_view name, const std::string& text) {
        lines.push_back(std::format("  {:<10} {}", name, text));
    };
    add("image", std::format("{} {}, slot {}{}", or_unknown(state.image), state.version,
                             or_unknown(state.slot), state.is_on_trial ? ", on trial" : ""));
    add("root hash", or_unknown(state.root_hash.substr(0, shown_digits)));
    add("data", format_data(state));
    if (state.interfaces.empty()) add("network", "no interface");
    for (const NetworkInterface& interface : state.interfaces) add("network", format_interface(interface));
    add("services", format_services(state));
    add("memory", format_amount(state.memory));
    add("up for", format_uptime(state.uptime));
    lines.emplace_back();
    lines.emplace_back("  r: restart   p: power off");
    for (std::string& line : lines) line = make_printable(std::move(line), width);
    return lines;
}

std::string draw(const std::vector<std::string>& lines) {
    std::string text = "\033[H";  // to the top left corner
    for (const std::string& line : lines) text += line + "\033[K\r\n";
    return text + "\033[J";  // nothing below
}

}  // namespace cairn::status
