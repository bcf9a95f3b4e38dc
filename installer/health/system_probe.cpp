#include "installer/health/system_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <format>

#include "installer/health/requests.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"

namespace cairn::health {

namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::size_t lines_of_log = 20;
constexpr std::size_t kept_output = 2048;
constexpr std::uint64_t most_of_problem = 64 * 1024;
constexpr std::size_t most_of_kernel_log = 512 * 1024;  // a log file has half of it
constexpr std::size_t most_lines = most_of_kernel_log;
constexpr std::string_view first_words_of_kernel = "Linux version ";

/// Reads until nobody writes any more, or the deadline; keeps the end.
std::string read_end(const Fd& pipe, steady_clock::time_point deadline) {
    std::string text;
    std::array<char, 4096> bytes = {};
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        pollfd waiting = {.fd = pipe.get(), .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return text;
        const ssize_t count = read(pipe.get(), bytes.data(), bytes.size());
        if (count <= 0) return text;
        text.append(bytes.data(), static_cast<std::size_t>(count));
        if (text.size() > kept_output) text.erase(0, text.size() - kept_output);
    }
}

/// In a session of its own, so that it can be ended with all that it started.
Child start_alone(const fs::path& program, const Fd& input, const Fd& output) {
    return Child::start({.arguments = {"setsid", program},
                         .directory = "/",
                         .environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"},
                         .clean_environment = true},
                        {{input.get(), 0}, {output.get(), 1}, {output.get(), 2}});
}

}  // namespace

services::ServiceList SystemProbe::read_services() {
    return services::read_services(places_.root);
}

std::string SystemProbe::read_log_end(const std::string& service) {
    return services::read_log_end(places_.root, service, lines_of_log);
}

Probe::HttpAnswer SystemProbe::ask_http(const HttpStatus& check) {
    try {
        const auto deadline = steady_clock::now() + check.patience;
        return {.status = request_status(connect_to_host(check.host, check.port, deadline), check.host,
                                         check.path, deadline)};
    } catch (const Error& error) {
        return {.why = error.message()};
    }
}

Probe::HttpAnswer SystemProbe::ask_api() {
    try {
        const auto deadline = steady_clock::now() + limits_.api;
        return {.status = request_status(connect_to_socket(places_.api_socket, deadline), "localhost",
                                         "/health", deadline)};
    } catch (const Error& error) {
        return {.why = error.message()};
    }
}

std::optional<std::string> SystemProbe::connect_tcp(const TcpConnects& check) {
    try {
        connect_to_host(check.host, check.port, steady_clock::now() + check.patience);
        return std::nullopt;
    } catch (const Error& error) {
        return error.message();
    }
}

Probe::ProgramResult SystemProbe::run(const fs::path& program) {
    try {
        std::array<int, 2> ends = {};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw SystemError("cannot make a pipe");
        const Fd output(ends[0]);
        Fd input(ends[1]);
        const Fd nothing = open_file("/dev/null", O_RDONLY);
        const auto deadline = steady_clock::now() + limits_.program;
        Child child = start_alone(program, nothing, input);
        input.reset();
        std::string text = read_end(output, deadline);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        const pid_t group = child.pid();
        const auto status = child.wait_for(std::max(left, std::chrono::milliseconds(0)));
        kill(-group, SIGKILL);  // what it left behind, or all of it
        return {.status = status, .output = std::move(text)};
    } catch (const Error& error) {
        return {.status = 127, .output = error.report()};
    }
}

std::optional<std::chrono::seconds> SystemProbe::find_age(const fs::path& path) {
    std::error_code error;
    const auto written = fs::last_write_time(places_.root / path.relative_path(), error);
    if (error) return std::nullopt;
    const auto age = std::chrono::floor<std::chrono::seconds>(fs::file_time_type::clock::now() - written);
    return std::max(age, std::chrono::seconds(0));  // written before the clock was set back
}

std::optional<std::string> SystemProbe::find_settings_problem() {
    try {
        return find_file(places_.root / "run/cairn/settings/problem", most_of_problem);
    } catch (const Error& error) {
        return error.report();
    }
}

std::optional<std::string> SystemProbe::find_root_damage() {
    const std::string log = services::read_log_end(places_.root, "klog", most_lines, most_of_kernel_log);
    std::string damage;
    for (const std::string& line : split(log, '\n')) {
        if (line.contains(first_words_of_kernel)) damage.clear();  // what came before was an earlier boot
        if (line.contains("device-mapper: verity") && line.contains("is corrupted")) damage = line;
    }
    return damage.empty() ? std::nullopt : std::optional(damage);
}

}  // namespace cairn::health
