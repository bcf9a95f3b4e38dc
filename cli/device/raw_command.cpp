#include <cstdio>
#include <format>
#include <iostream>
#include <iterator>
#include <memory>
#include <print>

#include "cli/device/device.h"
#include "cli/device/fields.h"
#include "cli/device/status_text.h"
#include "cli/device/words.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"

/// Commands near to the API: requests as they are, events as they come, whether it answers at all.
namespace cairn::device {
namespace {

/// The watchdog waits for it.
constexpr std::chrono::milliseconds ping_limit{3000};

struct RawOptions {
    std::string method;
    std::string path;
    std::string body;
};

void print_bytes(std::span<const std::uint8_t> bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}

int send_raw(Device& device, const RawOptions& options) {
    net::HttpRequest request{.method = options.method, .path = options.path};
    if (!request.path.starts_with('/'))
        throw UsageError(std::format("'{}' is not a path of the API", options.path))
            .hint("it begins with '/': cairnctl raw GET /os");
    if (options.method != "GET" && options.method != "HEAD") {
        request.headers = {{"Content-Type", "application/json"}};
        request.body =
            options.body == "-" ? std::string(std::istreambuf_iterator(std::cin), {}) : options.body;
    }
    const net::HttpAnswer answer = device.api().exchange(request, print_bytes);
    print_bytes({reinterpret_cast<const std::uint8_t*>(answer.body.data()), answer.body.size()});
    std::fflush(stdout);
    if (answer.status >= 200 && answer.status < 300) return term::success;
    std::println(stderr, "{}the device answered {}", answer.body.ends_with('\n') ? "" : "\n", answer.status);
    return term::failure;
}

/// Any answer will do: a daemon that refuses is alive. Nothing is asked of it that costs it work.
int ping(Device& device) {
    const auto start = std::chrono::steady_clock::now();
    device.api().exchange({.method = "HEAD", .path = "/tx/list", .time_limit = ping_limit});
    const auto time = std::chrono::steady_clock::now() - start;
    std::println("{} answers after {:.1f} ms", device.api().name(),
                 std::chrono::duration<double, std::milli>(time).count());
    return term::success;
}

std::string describe(const Event& event) {
    const Json data = parse_json(event.data, "an event of the device");
    if (event.name == "progress")
        return std::format("{} {}", text_of(data, "step"),
                           format_bar(static_cast<std::uint64_t>(number_of(data, "done")),
                                      static_cast<std::uint64_t>(number_of(data, "total"))));
    if (event.name == "status") return text_of(data, "update_state");
    if (event.name == "health") return text_of(data, "status");
    return event.data;
}

int follow_events(Device& device, bool is_json) {
    device.api().follow(
        [&](const Event& event) {
            if (is_json)
                std::println(
                    "{}",
                    Json{{"event", event.name}, {"data", Json::parse(event.data, nullptr, false)}}.dump());
            else
                std::println("{}  {:<9}{}", format_time(std::time(nullptr)), event.name, describe(event));
            std::fflush(stdout);
        },
        [] { return false; });
    return term::success;
}

int show_sbom(Device& device, const std::string& file) {
    const std::string text = device.api().get_text("/sbom");
    if (file.empty())
        std::print("{}", text);
    else
        replace_file(file, text);
    return term::success;
}

}  // namespace

void add_ping_command(term::Command& root, Device& device) {
    term::Command& command = root.add_command("ping", "Whether the device's API answers");
    command.set_example("cairnctl ping");
    command.set_action([&device] { return ping(device); });
}

void add_events_command(term::Command& root, Device& device) {
    const auto is_json = std::make_shared<bool>(false);
    term::Command& command = root.add_command("events", "What changes, as it changes; Ctrl-C ends it");
    command.add_flag("--json", *is_json, "each event as a line of JSON");
    command.set_example("cairnctl events");
    command.set_action([&device, is_json] { return follow_events(device, *is_json); });
}

void add_sbom_command(term::Command& root, Device& device) {
    const auto file = std::make_shared<std::string>();
    term::Command& command = root.add_command("sbom", "The running image's bill of materials, SPDX 2.3");
    command.add_option("-o,--output", *file, "where to; else standard output", term::Completion::file);
    command.set_example("cairnctl sbom -o gate.spdx.json");
    command.set_action([&device, file] { return show_sbom(device, *file); });
}

void add_raw_command(term::Command& root, Device& device) {
    const auto options = std::make_shared<RawOptions>();
    term::Command& command = root.add_command("raw", "One request as it is; prints the answer's body");
    command.add_required("method", options->method, "GET, POST, PATCH, DELETE, …");
    command.add_required("path", options->path, "path and query, percent-encoded");
    command.add_option("body", options->body, "JSON; '-' reads it from standard input");
    command.set_example(
        "cairnctl raw GET '/settings?paths=network'\n"
        "cairnctl raw PATCH '/settings?tx=mine' '{\"time\": {\"zone\": null}}'");
    command.set_action([&device, options] { return send_raw(device, *options); });
}

}  // namespace cairn::device
