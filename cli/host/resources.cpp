#include "cli/host/resources.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

struct Process {
    pid_t parent = 0;
    std::uint64_t resident = 0;  // bytes
};

/// proc(5), /proc/pid/stat: after the name in brackets come state, parent …, and as 22nd of them the resident
/// pages.
std::optional<Process> find_process(const fs::path& directory) {
    try {
        const auto text = find_file(directory / "stat", 4096);
        if (!text) return std::nullopt;
        const std::size_t end_of_name = text->rfind(')');
        if (end_of_name == std::string::npos) return std::nullopt;
        const std::vector<std::string> fields = split_words(std::string_view(*text).substr(end_of_name + 1));
        if (fields.size() < 22) return std::nullopt;
        static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        return Process{.parent = std::atoi(fields[1].c_str()),
                       .resident = std::strtoull(fields[21].c_str(), nullptr, 10) * page};
    } catch (const Error&) {  // it ended while we looked
        return std::nullopt;
    }
}

std::uint64_t sum_of_descendants(pid_t root) {
    std::map<pid_t, Process> processes;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (const auto process = find_process(entry.path())) processes[std::atoi(name.c_str())] = *process;
    }
    std::uint64_t sum = 0;
    for (const auto& [pid, process] : processes) {
        pid_t at = pid;
        while (at != root && processes.contains(at)) at = processes.at(at).parent;
        if (at == root) sum += process.resident;
    }
    return sum;
}

std::uint64_t free_bytes(const fs::path& directory) {
    std::error_code code;
    const fs::space_info space = fs::space(directory, code);
    return code ? 0 : space.free;
}

}  // namespace

ResourceMonitor::ResourceMonitor(fs::path directory)
    : directory_(std::move(directory)),
      free_at_start_(free_bytes(directory_)),
      thread_([this] { watch(); }) {}

ResourceMonitor::~ResourceMonitor() {
    is_over_ = true;
    thread_.join();
}

void ResourceMonitor::watch() {
    for (unsigned tick = 0; !is_over_; ++tick) {
        if (tick % 5 == 0) sample();
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

void ResourceMonitor::sample() {
    peak_memory_ = std::max<std::uint64_t>(peak_memory_, sum_of_descendants(::getpid()));
    const std::uint64_t now = free_bytes(directory_);
    if (now < free_at_start_) peak_disk_ = std::max<std::uint64_t>(peak_disk_, free_at_start_ - now);
}

}  // namespace cairn::host
