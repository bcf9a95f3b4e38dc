#include <algorithm>
#include <format>
#include <memory>
#include <print>
#include <thread>

#include "cli/host/host.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/net/curl_transport.h"
#include "pkg/recipe/recipe.h"
#include "pkg/source/fetch_source.h"
#include "pkg/store/store.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

struct Options {
    bool system = false;
    bool is_long = false;
    std::string name;
    std::string architecture;
};

/// Tests are built beside the host command, with the same settings.
fs::path build_directory(const Host& host) {
    return host.repository() / "build" / "host";
}

int run_in_terminal(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& environment = {}) {
    return Child::start({.arguments = arguments, .environment = environment}).wait();
}

/// Where the HTTP library's header lies: in the unpacked source of its recipe, since Debian's package belongs
/// to the other standard library.
fs::path fetch_http_library(const Host& host) {
    net::CurlTransport transport;
    source::Environment environment{.cache = store::Store::default_root(), .transport = transport};
    source::read_settings_of_process(environment);
    environment.stop = &host.stop;
    environment.on_note = [](const std::string& line) { std::println(stderr, "{}", line); };
    const recipe::Recipe recipe = recipe::read_recipe(host.recipes(), "cpp-httplib");
    return source::fetch_source(recipe, environment).parts.front().directory;
}

std::string find_cmake_setting(const fs::path& cache, std::string_view name) {
    for (const std::string& line : split(read_file(cache), '\n'))
        if (line.starts_with(name)) return line.substr(name.size());
    return {};
}

/// Tells the build folder where it is. What CMake was told before may have been cleaned away since, and CMake
/// may have left the server out then.
void configure_http_library(const Host& host, const fs::path& log) {
    const fs::path build = build_directory(host);
    const std::string known = find_cmake_setting(build / "CMakeCache.txt", "CAIRN_HTTPLIB:PATH=");
    const bool was_there = fs::exists(fs::path(known) / "httplib.h");
    const std::string folder = fetch_http_library(host).string();
    if (known == folder && was_there) return;
    const CommandResult result = run_command({.arguments = {"cmake", "-S", host.repository().string(), "-B",
                                                            build.string(), "-DCAIRN_HTTPLIB:PATH=" + folder},
                                              .output = log});
    if (result.status != 0)
        throw CommandError("the tests could not be configured", result.status).detail("log", log.string());
}

void build_tests(const Host& host) {
    std::println(stderr, "building the tests");
    const fs::path log = build_directory(host) / "build-tests.log";
    std::error_code ignored;
    fs::remove(log, ignored);
    configure_http_library(host, log);
    // The compiler cache of the `cairn` script, so that another clone does not compile the same again.
    const CommandResult result =
        run_command({.arguments = {"ninja", "-C", build_directory(host).string()},
                     .environment = {"CCACHE_DIR=" + (store::Store::default_root() / "ccache").string(),
                                     "CCACHE_BASEDIR=" + host.repository().string(), "CCACHE_NOHASHDIR=1"},
                     .output = log});
    if (result.status == 0) return;
    const std::string text = read_file(log);
    throw CommandError("the tests could not be built", result.status)
        .detail("last lines", "\n" + text.substr(text.size() > 3000 ? text.size() - 3000 : 0))
        .detail("log", log.string());
}

int run_ctest(const Host& host, const std::vector<std::string>& more, unsigned parallel) {
    std::vector<std::string> arguments{"ctest",
                                       "--test-dir",
                                       build_directory(host).string(),
                                       "--output-on-failure",
                                       "--no-tests=error",
                                       "-j",
                                       std::to_string(parallel)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_in_terminal(arguments, {"CAIRN_ROOT=" + host.repository().string()});
}

/// What the system tests boot. On the second architecture a small image is enough for the usual ones: its
/// kernel is built in a few minutes.
std::vector<std::string> images_for(const std::string& architecture, bool is_long) {
    if (architecture == "x86_64")
        return is_long ? std::vector<std::string>{"base", "dev", "dev-4k"}
                       : std::vector<std::string>{"base", "dev"};
    return is_long ? std::vector<std::string>{"tiny", "dev"} : std::vector<std::string>{"tiny"};
}

/// System tests boot real images: these are built first, by this same command.
int run_system_tests(const Host& host, const Options& options, std::vector<std::string> filter) {
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    const std::vector<std::string> architectures =
        options.architecture.empty() || options.architecture == "all"
            ? std::vector<std::string>{"x86_64", "aarch64"}
            : std::vector<std::string>{options.architecture};
    for (const std::string& architecture : architectures) {
        std::vector<std::string> command{self, "build-image", "--arch", architecture};
        for (const std::string& image : images_for(architecture, options.is_long)) command.push_back(image);
        const int status = run_in_terminal(command);
        if (status != 0) return status;
    }
    if (architectures.size() == 1) filter.insert(filter.end(), {"-R", architectures.front()});
    filter.insert(filter.end(), {"-L", "system"});
    if (!options.is_long) filter.insert(filter.end(), {"-LE", "long"});
    return run_ctest(host, filter, 1);
}

int run_tests(Host& host, const Options& options) {
    build_tests(host);
    std::vector<std::string> filter;
    if (!options.name.empty()) filter = {"-R", options.name};
    if (options.system || options.is_long) {
        return run_system_tests(host, options, filter) == 0 ? term::success : term::failure;
    }
    filter.insert(filter.end(), {"-LE", "system|long"});
    const unsigned parallel = std::max(1U, std::thread::hardware_concurrency());
    return run_ctest(host, filter, parallel) == 0 ? term::success : term::failure;
}

}  // namespace

void add_test_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& command = root.add_command(
        "test", "Run the tests: unit and case tests, or with --system those in real machines");
    command.add_flag("--system", options->system, "build images and boot them in QEMU");
    command.add_flag("--long", options->is_long, "like --system, with those that take hours");
    command.add_option("-R,--name", options->name, "only tests whose name matches this regular expression");
    command.add_option("--arch", options->architecture, "system tests of one architecture only",
                       term::Completion::architecture);
    command.set_example("cairn test -R Sandbox");
    command.set_action([&host, options] { return run_tests(host, *options); });
}

}  // namespace cairn::host
