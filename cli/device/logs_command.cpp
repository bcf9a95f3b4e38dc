#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <format>
#include <memory>
#include <print>
#include <thread>

#include "cli/device/device.h"
#include "cli/device/fields.h"
#include "cli/device/log_lines.h"
#include "cli/device/words.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/text.h"

namespace cairn::device {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds follow_interval{1};
constexpr std::uint64_t follow_window = 500;  // lines; more than that between two looks are lost

struct Options {
    std::string service;
    std::uint64_t lines = 100;
    bool is_follow = false;
    std::string bundle;
};

std::vector<std::string> get_lines(Device& device, const std::string& service, std::uint64_t count) {
    return split_lines(
        device.api().get_text(std::format("/logs?service={}&lines={}", encode_word(service), count)));
}

/// Until the program is ended: Ctrl-C has nothing to clean up.
[[noreturn]] void follow(Device& device, const Options& options) {
    std::vector<std::string> seen =
        get_lines(device, options.service, std::max(options.lines, follow_window));
    const std::size_t shown = std::min<std::size_t>(seen.size(), options.lines);
    for (const std::string& line : std::span(seen).last(shown)) std::println("{}", line);
    while (true) {
        std::fflush(stdout);
        std::this_thread::sleep_for(follow_interval);
        std::vector<std::string> now = get_lines(device, options.service, follow_window);
        for (const std::string& line : find_new_lines(seen, now)) std::println("{}", line);
        if (!now.empty()) seen = std::move(now);
    }
}

int list_logs(Device& device) {
    for (const Json& service : list_of(device.api().get("/logs"), "services"))
        std::println("{}", format_value(service));
    return term::success;
}

/// A file beside the target that takes its place when it is whole.
int save_bundle(Device& device, const fs::path& file) {
    const fs::path part = file.string() + ".part";
    Fd fd = open_file(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::uint64_t size = 0;
    {
        term::Progress progress(term::Progress::style_of_stderr());
        progress.start("logs", std::nullopt);
        device.api().download("/logs?bundle=true", [&](std::span<const std::uint8_t> bytes) {
            write_all(fd.get(), bytes, part.string());
            size += bytes.size();
            progress.update("logs", format_bytes(size));
        });
        progress.finish("logs", format_bytes(size));
    }
    fd.reset();
    fs::rename(part, file);
    std::println("{}", file.string());
    return term::success;
}

int show_logs(Device& device, const Options& options) {
    if (!options.bundle.empty()) return save_bundle(device, options.bundle);
    if (options.service.empty() && options.is_follow)
        throw UsageError("-f needs the service to follow")
            .hint("'cairnctl logs' lists the services with logs");
    if (options.service.empty()) return list_logs(device);
    if (options.is_follow) follow(device, options);
    for (const std::string& line : get_lines(device, options.service, options.lines))
        std::println("{}", line);
    return term::success;
}

}  // namespace

void add_logs_command(term::Command& root, Device& device) {
    const auto options = std::make_shared<Options>();
    term::Command& command =
        root.add_command("logs", "The last lines of a service's log; without one, which there are");
    command.add_option("service", options->service, "the service");
    command.add_option("-n,--lines", options->lines, "so many lines");
    command.add_flag("-f,--follow", options->is_follow, "go on with what is written from now on");
    command.add_option("--bundle", options->bundle,
                       "write everything that a report needs into this file: logs, boot record, status, "
                       "settings without secrets",
                       term::Completion::file);
    command.set_example("cairnctl logs cairnd -n 20 -f\ncairnctl logs --bundle gate.tar.zst");
    command.set_action([&device, options] { return show_logs(device, *options); });
}

}  // namespace cairn::device
