#include "installer/services/crashes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <format>
#include <map>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/files.h"

namespace cairn::services {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t most_bytes = 16 * 1024;  // of one record
constexpr std::string_view first_line = "crash 1\n";

constexpr std::array<std::pair<int, std::string_view>, 9> signal_names = {{{SIGABRT, "SIGABRT"},
                                                                           {SIGBUS, "SIGBUS"},
                                                                           {SIGFPE, "SIGFPE"},
                                                                           {SIGILL, "SIGILL"},
                                                                           {SIGKILL, "SIGKILL"},
                                                                           {SIGPIPE, "SIGPIPE"},
                                                                           {SIGSEGV, "SIGSEGV"},
                                                                           {SIGSYS, "SIGSYS"},
                                                                           {SIGTERM, "SIGTERM"}}};

template <class Number>
std::optional<Number> find_number(std::string_view text) {
    Number number = {};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// The lines "name value" up to the empty one, which is taken too. Empty when there is none, or a name comes
/// twice.
std::optional<std::map<std::string_view, std::string_view>> take_fields(std::string_view& text) {
    std::map<std::string_view, std::string_view> fields;
    while (true) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return std::nullopt;
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (line.empty()) return fields;
        const std::size_t blank = line.find(' ');
        if (blank == std::string_view::npos) return std::nullopt;
        if (!fields.emplace(line.substr(0, blank), line.substr(blank + 1)).second) return std::nullopt;
    }
}

}  // namespace

std::string to_text(const Ending& ending) {
    if (ending.signal == 0) return std::format("exit code {}", ending.code);
    for (const auto& [number, name] : signal_names)
        if (number == ending.signal) return std::format("signal {} ({})", number, name);
    return std::format("signal {}", ending.signal);
}

std::optional<Crash> find_crash(std::string_view text) {
    if (!text.starts_with(first_line)) return std::nullopt;
    text.remove_prefix(first_line.size());
    const auto fields = take_fields(text);
    if (!fields) return std::nullopt;
    const auto find = [&](std::string_view name) {
        const auto field = fields->find(name);
        return field == fields->end() ? std::string_view() : field->second;
    };
    const auto time = find_number<std::int64_t>(find("time"));
    const auto uptime = find_number<std::uint64_t>(find("uptime"));
    const auto code = find_number<int>(find("code"));
    const auto signal = find_number<int>(find("signal"));
    const std::string_view service = find("service");
    if (service.empty() || !time || !uptime || !code || !signal) return std::nullopt;
    return Crash{.service = std::string(service),
                 .boot = std::string(find("boot")),
                 .time = *time,
                 .uptime = *uptime,
                 .ending = {*code, *signal},
                 .log = std::string(text)};
}

std::vector<Crash> read_crashes(const fs::path& directory) {
    std::map<std::uint64_t, fs::path> files;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(directory, ignored))
        if (const auto number = find_number<std::uint64_t>(entry.path().filename().string()))
            files.emplace(*number, entry.path());
    std::vector<Crash> crashes;
    for (const auto& [number, path] : files) {
        try {
            if (auto crash = find_crash(find_file(path, most_bytes).value_or("")))
                crashes.push_back(std::move(*crash));
        } catch (const Error&) {
            continue;  // damaged or not ours to read: the others still tell
        }
    }
    return crashes;
}

}  // namespace cairn::services
