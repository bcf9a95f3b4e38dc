#include "installer/status/screen.h"

#include <algorithm>
#include <format>

#include "pkg/base/text.h"

namespace cairn::status {

namespace {

using Kind = Line::Kind;

constexpr std::size_t shown_digits = 16;  // of the root hash
constexpr std::size_t name_columns = 13;  // before what a line says

std::string format_amount(const Amount& amount) {
    if (amount.total == 0) return "unknown";
    return std::format("{} free of {}", format_bytes(amount.available), format_bytes(amount.total));
}

std::string or_unknown(const std::string& text) {
    return text.empty() ? "unknown" : text;
}

std::string format_image(const MachineState& state) {
    const std::string name = state.image.empty() ? "unknown" : state.image + " " + state.version;
    return std::format("{}, slot {}{}", name, or_unknown(state.slot), state.is_on_trial ? ", on trial" : "");
}

std::string format_data(const MachineState& state) {
    if (state.data == "failed")
        return std::format("DEGRADED: not mounted, nothing will be kept: {}", or_unknown(state.data_error));
    if (state.data.empty()) return "unknown";
    if (!state.data_room) return "DEGRADED: cannot be looked at";
    const std::string room = format_amount(state.data_room->amount);
    return state.data_room->is_read_only ? "DEGRADED: read-only since an error, " + room : room;
}

std::string format_interface(const NetworkInterface& interface) {
    if (!interface.addresses.empty())
        return std::format("{}: {}", interface.name, join(interface.addresses, ", "));
    return std::format("{}: {}", interface.name, interface.has_carrier ? "no address yet" : "no cable");
}

std::string format_services(const services::ServiceList& list) {
    const std::size_t count = list.services.size();
    if (count == 0) return "unknown";
    const std::vector<std::string> down = services::names_not_up(list);
    if (down.empty()) return std::format("all {} are up", count);
    return std::format("{}{} of {} are up; not: {}", list.have_all_been_up ? "" : "starting, ",
                       count - down.size(), count, join(down, ", "));
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

std::string format_time(std::chrono::sys_seconds now) {
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(now - day);
    return std::format("{}-{:02}-{:02} {:02}:{:02} UTC", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count());
}

/// What comes from firmware, disks and networks must not steer the terminal.
std::string make_printable(std::string text) {
    for (char& letter : text)
        if (const auto code = static_cast<unsigned char>(letter); code < 0x20 || code >= 0x7f) letter = '?';
    return text;
}

/// Breaks at blanks; only a word that is too long for a line is cut.
std::vector<std::string> wrap(const std::string& text, std::size_t columns) {
    std::vector<std::string> lines(1);
    for (const std::string& word : split_words(text)) {
        if (!lines.back().empty() && lines.back().size() + 1 + word.size() > columns) lines.emplace_back();
        if (!lines.back().empty()) lines.back() += ' ';
        lines.back() += word.substr(0, columns);
    }
    return lines;
}

/// Collects the lines of a screen.
class Page {
  public:
    explicit Page(ScreenSize size)
        : size_{std::max(size.columns, 2 * name_columns), std::max<std::size_t>(size.rows, 4)} {}

    void add_title(const std::string& text) { lines_.push_back({make_printable(text)}); }
    void add(std::string_view name, const std::string& text, Kind kind = Kind::steady) {
        for (const std::string& part : wrap(make_printable(text), size_.columns - name_columns)) {
            lines_.push_back({std::format("  {:<10} {}", name, part), kind});
            name = "";
        }
    }
    /// All lines, with `last` at the end; in the middle as many as have room.
    std::vector<Line> finish(const std::string& last) && {
        const std::size_t room = size_.rows - 3;  // an empty line, the last, and the row below
        if (lines_.size() > room) {
            lines_.resize(room);
            lines_.back() = {"  (more than this screen has room for)"};
        }
        lines_.push_back({});
        lines_.push_back({last});
        for (Line& line : lines_) line.text = line.text.substr(0, size_.columns);
        return std::move(lines_);
    }

  private:
    ScreenSize size_;
    std::vector<Line> lines_;
};

}  // namespace

std::vector<Line> format_screen(const MachineState& state, ScreenSize size) {
    Page page(size);
    page.add_title(std::format("cairn {} on {}", or_unknown(state.version), or_unknown(state.machine)));
    page.add_title("");
    page.add("image", format_image(state));
    page.add("root hash", or_unknown(state.root_hash.substr(0, shown_digits)));
    if (state.has_development_keys) page.add("keys", "DEVELOPMENT KEYS: anybody can sign for this machine");
    page.add("services", format_services(state.services));
    page.add("data", format_data(state), state.data == "failed" ? Kind::steady : Kind::moving);
    page.add("memory", format_amount(state.memory), Kind::moving);
    page.add("time", format_time(state.now), Kind::moving);
    page.add("up for", format_uptime(state.uptime), Kind::moving);
    if (state.interfaces.empty()) page.add("network", "no interface");
    for (const NetworkInterface& interface : state.interfaces)
        page.add("network", format_interface(interface));
    if (!state.api_fingerprint.empty()) page.add("api key", group_by_four(state.api_fingerprint));
    return std::move(page).finish("  r: restart   p: power off");
}

std::string draw(const std::vector<Line>& shown, const std::vector<Line>& lines) {
    std::string text;
    for (std::size_t row = 0; row < std::max(shown.size(), lines.size()); ++row) {
        const bool is_same = row < shown.size() && row < lines.size() && shown[row].text == lines[row].text;
        if (is_same) continue;
        text += std::format("\033[{};1H{}\033[K", row + 1, row < lines.size() ? lines[row].text : "");
    }
    if (text.empty()) return {};
    text += std::format("\033[{};1H", lines.size() + 1);
    return shown.empty() ? text + "\033[J" : text;  // nothing below the first screen
}

std::string list_changes(const std::vector<Line>& shown, const std::vector<Line>& lines) {
    std::string text;
    for (const Line& line : lines)
        if (line.kind == Kind::steady && !line.text.empty() && !std::ranges::contains(shown, line))
            text += line.text + "\n";
    return text;
}

}  // namespace cairn::status
