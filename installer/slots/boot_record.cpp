#include "installer/slots/boot_record.h"

#include <fcntl.h>

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::slots {

namespace {

constexpr std::uint64_t most_bytes = 256 * 1024;
constexpr std::uint64_t kept_bytes = most_bytes / 4;

constexpr std::array<std::pair<BootEventKind, std::string_view>, 6> kind_names = {
    {{BootEventKind::attempt, "attempt"},
     {BootEventKind::failure, "failure"},
     {BootEventKind::reached, "reached"},
     {BootEventKind::good, "good"},
     {BootEventKind::trial, "trial"},
     {BootEventKind::fallback, "fallback"}}};

std::string_view to_text(BootEventKind kind) {
    for (const auto& [value, name] : kind_names)
        if (value == kind) return name;
    return "";
}

std::optional<BootEventKind> find_kind(std::string_view text) {
    for (const auto& [value, name] : kind_names)
        if (name == text) return value;
    return std::nullopt;
}

std::string to_line(const BootEvent& event) {
    // Messages hold what tools printed; bytes that are no UTF-8 must not cost us the line.
    return to_json(event).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<BootEvent> find_event(std::string_view text) {
    const Json line = Json::parse(text, nullptr, false);
    if (!line.is_object()) return std::nullopt;
    const auto read = [&](const char* name) {
        const auto field = line.find(name);
        return field != line.end() && field->is_string() ? field->get<std::string>() : std::string();
    };
    const auto kind = find_kind(read("event"));
    if (!kind || read("boot").empty()) return std::nullopt;
    BootEvent event = {.boot = read("boot"),
                       .kind = *kind,
                       .root_hash = read("root_hash"),
                       .slot = read("slot"),
                       .boot_file = read("boot_file"),
                       .message = read("message")};
    if (const auto time = line.find("time"); time != line.end() && time->is_number_integer())
        event.time = time->get<std::int64_t>();
    return event;
}

/// The last lines of a record, without the one that the cut goes through.
std::string keep_newest(const std::string& content) {
    const std::size_t start = content.find('\n', content.size() - kept_bytes);
    return start == std::string::npos ? std::string() : content.substr(start + 1);
}

}  // namespace

Json to_json(const BootEvent& event) {
    Json line = {{"boot", event.boot}, {"time", event.time}, {"event", to_text(event.kind)}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) line[name] = value;
    };
    add("root_hash", event.root_hash);
    add("slot", event.slot);
    add("boot_file", event.boot_file);
    add("message", event.message);
    return line;
}

void append_boot_event(const std::filesystem::path& record, const BootEvent& event) {
    std::string line = to_line(event);
    const std::string content = find_file(record).value_or("");
    if (content.size() + line.size() > most_bytes) {
        replace_file(record, keep_newest(content) + line, 0600);
        return;
    }
    if (!content.empty() && !content.ends_with('\n')) line.insert(0, "\n");
    const Fd fd = open_file(record, O_WRONLY | O_APPEND | O_CREAT, 0600);
    write_all(fd.get(), line, record.string());
    sync_fd(fd.get(), record.string());
    if (content.empty())
        sync_fd(open_file(record.parent_path(), O_RDONLY | O_DIRECTORY).get(), record.string());
}

std::vector<BootEvent> read_boot_record(const std::filesystem::path& record) {
    std::vector<BootEvent> events;
    for (const std::string& line : split(find_file(record).value_or(""), '\n'))
        if (const auto event = find_event(line)) events.push_back(*event);
    return events;
}

}  // namespace cairn::slots
