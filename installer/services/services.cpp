#include "installer/services/services.h"

#include <fcntl.h>

#include <algorithm>
#include <sstream>

#include "installer/services/supervisor.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::services {

namespace {

namespace fs = std::filesystem;
using Process = SupervisorStatus::Process;

constexpr std::uint64_t small_file = 4096;
constexpr std::uint64_t recent_seconds = 600;

/// Empty when there is no such file, or none that can be read.
std::string read_text(const fs::path& path) {
    try {
        return find_file(path, small_file).value_or("");
    } catch (const Error&) {
        return {};
    }
}

bool is_ready(const fs::path& service) {
    std::error_code ignored;
    return !fs::exists(service / "check", ignored) || fs::exists(service / "is-ready", ignored);
}

ServiceState find_state(const SupervisorStatus& status, const fs::path& folder) {
    if (!status.is_wanted || status.process == Process::none) return ServiceState::down;
    if (status.process == Process::ended) return ServiceState::failed;
    return is_ready(folder) ? ServiceState::up : ServiceState::starting;
}

/// What `back-off` notes in the service's folder: "number uptime code signal", a line for each of the last
/// endings.
void add_endings(Service& service, const fs::path& folder, std::uint64_t uptime) {
    for (const std::string& line : split(read_text(folder / "endings"), '\n')) {
        std::istringstream words(line);
        std::size_t number = 0;
        std::uint64_t when = 0;
        Ending ending;
        if (!(words >> number >> when >> ending.code >> ending.signal)) continue;
        service.restarts = number;
        service.last_exit = ending;
        if (when + recent_seconds > uptime) ++service.recent_restarts;
    }
}

Service read_service(const fs::path& folder, std::uint64_t uptime) {
    Service service = {.name = folder.filename()};
    if (const auto status = find_supervisor_status(read_text(folder / "supervise/status"))) {
        service.state = find_state(*status, folder);
        service.since = status->since;
        if (status->process == Process::running) service.pid = status->pid;
    }
    std::error_code ignored;
    service.may_end = fs::exists(folder / "may-end", ignored);
    add_endings(service, folder, uptime);
    return service;
}

std::uint64_t read_uptime(const fs::path& root) {
    double seconds = 0;
    std::istringstream(read_text(root / "proc/uptime")) >> seconds;
    return static_cast<std::uint64_t>(seconds);
}

}  // namespace

std::string_view to_text(ServiceState state) {
    switch (state) {
        case ServiceState::up:
            return "up";
        case ServiceState::starting:
            return "starting";
        case ServiceState::down:
            return "down";
        case ServiceState::failed:
            return "failed";
    }
    return "";
}

std::vector<std::string> names_not_up(const ServiceList& list) {
    std::vector<std::string> names;
    for (const Service& service : list.services)
        if (service.state != ServiceState::up) names.push_back(service.name);
    return names;
}

ServiceList read_services(const fs::path& root) {
    ServiceList list;
    std::error_code ignored;
    const std::uint64_t uptime = read_uptime(root);
    for (const auto& entry : fs::directory_iterator(root / "run/service", ignored))
        if (!entry.path().filename().string().starts_with('.'))
            list.services.push_back(read_service(entry.path(), uptime));
    std::ranges::sort(list.services, {}, &Service::name);
    for (Crash& crash : read_crashes(root / "var/lib/cairn/crashes")) {
        const auto service = std::ranges::find(list.services, crash.service, &Service::name);
        if (service != list.services.end()) service->crashes.push_back(std::move(crash));
    }
    list.have_all_been_up = fs::exists(root / "run/cairn/services-up", ignored);
    return list;
}

std::string read_log_end(const fs::path& root, std::string_view service, std::size_t lines,
                         std::size_t most_bytes) {
    try {
        const fs::path path = root / "var/log" / service / "current";
        const Fd log = open_file(path, O_RDONLY);
        const std::uint64_t size = file_size(log.get(), path);
        const std::uint64_t from = size > most_bytes ? size - most_bytes : 0;
        std::string text(size - from, '\0');
        read_exactly_at(log.get(), {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}, from, path);
        if (from > 0) text.erase(0, std::min(text.find('\n'), text.size() - 1) + 1);
        std::size_t begin = text.size();
        for (std::size_t line = 0; line < lines && begin > 0; ++line) {
            const std::size_t before = begin < 2 ? std::string::npos : text.rfind('\n', begin - 2);
            begin = before == std::string::npos ? 0 : before + 1;
        }
        return text.substr(begin);
    } catch (const Error&) {
        return {};
    }
}

}  // namespace cairn::services
