#include "installer/status/machine_state.h"

#include <sys/statvfs.h>

#include <charconv>

#include "images/layout/boot_report.h"
#include "images/layout/paths.h"
#include "installer/disks/machine_name.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"

namespace cairn::status {

namespace {

namespace fs = std::filesystem;
namespace report = layout::boot_report;

constexpr std::uint64_t small_file = std::uint64_t{1} << 20;

/// Empty when there is no such file, or none that can be read.
std::string read_text(const fs::path& path) {
    try {
        return find_file(path, small_file).value_or("");
    } catch (const std::exception&) {
        return {};
    }
}

/// Empty when there is no such file, or no object in it.
Json read_object(const fs::path& path) {
    try {
        Json value = parse_json(read_text(path), path.string());
        return value.is_object() ? value : Json::object();
    } catch (const std::exception&) {
        return Json::object();
    }
}

std::string find_text(const Json& object, std::string_view key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_true(const Json& object, std::string_view key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

void read_release(MachineState& state, const fs::path& root) {
    const Json release = read_object(root / layout::paths::release);
    state.image = find_text(release, "name");
    state.version = find_text(release, "version");
    state.has_development_keys = is_true(release, "development_keys");
}

void read_boot_report(MachineState& state, const fs::path& root) {
    const Json boot = read_object(root / layout::paths::boot_report.substr(1));
    state.slot = find_text(boot, report::slot);
    state.root_hash = find_text(boot, report::root_hash);
    state.is_on_trial = is_true(boot, report::on_trial);
    state.data = find_text(boot, report::data);
    state.data_error = find_text(boot, report::data_error);
}

/// cairnd writes it, which must not get anything else shown by root.
std::string read_fingerprint(const fs::path& root) {
    const std::string text = read_text(root / "run/cairn/daemon/fingerprint");
    const std::string digits(trim(text));
    const bool is_hash =
        digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    return is_hash ? digits : std::string();
}

std::uint64_t find_number(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// "MemTotal:  1000 kB" in /proc/meminfo.
Amount read_memory(const fs::path& root) {
    Amount memory;
    for (const std::string& line : split(read_text(root / "proc/meminfo"), '\n')) {
        const auto words = split_words(line);
        if (words.size() < 2) continue;
        if (words[0] == "MemTotal:") memory.total = find_number(words[1]) * 1024;
        if (words[0] == "MemAvailable:") memory.available = find_number(words[1]) * 1024;
    }
    return memory;
}

std::chrono::minutes read_uptime(const fs::path& root) {
    return std::chrono::floor<std::chrono::minutes>(
        std::chrono::seconds(find_number(read_text(root / "proc/uptime"))));
}

std::optional<Room> find_room(const fs::path& place) {
    struct statvfs room = {};
    if (statvfs(place.c_str(), &room) != 0) return std::nullopt;
    return Room{.amount = {room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize},
                .is_read_only = (room.f_flag & ST_RDONLY) != 0};
}

}  // namespace

MachineState read_machine_state(const fs::path& root) {
    MachineState state;
    state.machine = disks::read_machine_name(root);
    read_release(state, root);
    read_boot_report(state, root);
    state.api_fingerprint = read_fingerprint(root);
    state.services = services::read_services(root);
    state.memory = read_memory(root);
    state.uptime = read_uptime(root);
    state.data_room = find_room(root / "var");
    return state;
}

}  // namespace cairn::status
