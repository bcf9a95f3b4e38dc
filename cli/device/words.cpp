#include "cli/device/words.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <format>

#include "pkg/base/text.h"

namespace cairn::device {

std::string format_time(std::int64_t seconds) {
    if (seconds == 0) return "never";
    const std::time_t time = seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 64> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
    return text.data();
}

std::string format_value(const Json& value) {
    if (value.is_null()) return "(not set)";
    return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string format_bar(std::uint64_t done, std::uint64_t total) {
    constexpr std::uint64_t width = 20;
    if (total == 0) return done == 0 ? "" : format_bytes(done);
    done = std::min(done, total);
    const auto full = static_cast<std::size_t>(done * width / total);
    return std::format("[{}{}] {:3} %  {} of {}", std::string(full, '#'), std::string(width - full, '-'),
                       done * 100 / total, format_bytes(done), format_bytes(total));
}

std::string format_count(std::size_t count, const std::string& thing) {
    return std::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace cairn::device
