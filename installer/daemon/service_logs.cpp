#include "installer/daemon/service_logs.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <deque>
#include <format>
#include <optional>

#include "installer/api/errors.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::daemon {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file = std::uint64_t{4} << 20;
constexpr std::size_t most_bytes = std::size_t{4} << 20;
/// A TAI64 label of 1970 (2^62), and by how many seconds TAI is ahead of the clock in it, as loggers have it.
constexpr std::uint64_t tai_epoch = (std::uint64_t{1} << 62) + 10;
constexpr std::size_t tai_digits = 24;

/// A name of a folder that a service may have: one that leads nowhere else.
bool is_name(std::string_view name) {
    return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos;
}

std::optional<std::string> find_tai_time(std::string_view stamp) {
    if (stamp.size() != tai_digits + 1 || stamp.front() != '@') return std::nullopt;
    std::uint64_t seconds = 0;
    std::uint32_t nanoseconds = 0;
    const char* const digits = stamp.data() + 1;
    const auto first = std::from_chars(digits, digits + 16, seconds, 16);
    const auto second = std::from_chars(digits + 16, digits + tai_digits, nanoseconds, 16);
    if (first.ptr != digits + 16 || second.ptr != digits + tai_digits || seconds < tai_epoch)
        return std::nullopt;
    const std::chrono::sys_seconds time{std::chrono::seconds{
        static_cast<std::int64_t>(std::min(seconds - tai_epoch, std::uint64_t{1} << 36))}};
    return std::format("{:%Y-%m-%dT%H:%M:%S}.{:05}Z", time, nanoseconds / 10'000);
}

/// "2026-11-20_12:00:00.12345"
std::optional<std::string> find_plain_time(std::string_view stamp) {
    constexpr std::string_view form = "dddd-dd-dd_dd:dd:dd.ddddd";
    const bool is_stamp = std::ranges::equal(stamp, form, [](char found, char expected) {
        return expected == 'd' ? found >= '0' && found <= '9' : found == expected;
    });
    if (!is_stamp) return std::nullopt;
    std::string time(stamp);
    time[10] = 'T';
    return time + 'Z';
}

/// Puts the text's last lines before those that are there. Gives how many bytes these are.
std::size_t take_last_lines(std::string_view text, std::size_t lines, std::size_t limit,
                            std::deque<std::string>& last) {
    std::vector<std::string> found = split(text, '\n');
    if (!found.empty() && found.back().empty()) found.pop_back();
    std::size_t bytes = 0;
    for (auto line = found.rbegin(); line != found.rend() && last.size() < lines; ++line) {
        std::string shown = format_log_line(*line);
        bytes += shown.size() + 1;
        if (bytes > limit) break;
        last.push_front(std::move(shown));
    }
    return bytes;
}

}  // namespace

std::vector<std::string> find_logged_services(const fs::path& root) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(root / "var/log", ignored))
        if (fs::exists(entry.path() / "current", ignored)) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

std::vector<fs::path> find_log_files(const fs::path& root, const std::string& service) {
    std::vector<fs::path> files;
    if (!is_name(service)) return files;
    const fs::path folder = root / "var/log" / service;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
        if (entry.path().filename().string().starts_with('@') && entry.is_regular_file(ignored))
            files.push_back(entry.path());
    std::ranges::sort(files);
    if (fs::is_regular_file(folder / "current", ignored)) files.push_back(folder / "current");
    return files;
}

std::string read_last_lines(const fs::path& root, const std::string& service, std::size_t lines) {
    const std::vector<fs::path> files = find_log_files(root, service);
    if (files.empty())
        throw api::NotFound(std::format("there is no log of a service '{}'", service))
            .hint("GET /logs lists those that there are");
    std::deque<std::string> last;
    std::size_t bytes = 0;
    for (auto file = files.rbegin(); file != files.rend() && last.size() < lines && bytes < most_bytes;
         ++file)
        bytes +=
            take_last_lines(find_file(*file, largest_file).value_or(""), lines, most_bytes - bytes, last);
    std::string text;
    for (const std::string& line : last) text += line + '\n';
    return text;
}

std::string format_log_line(std::string_view line) {
    const std::size_t end = line.find(' ');
    const std::string_view stamp = line.substr(0, end);
    auto time = find_tai_time(stamp);
    if (!time) time = find_plain_time(stamp);
    if (!time) return std::string(line);
    return *time + std::string(end == std::string_view::npos ? "" : line.substr(end));
}

}  // namespace cairn::daemon
