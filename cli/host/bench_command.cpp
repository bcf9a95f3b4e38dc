#include <algorithm>
#include <chrono>
#include <format>
#include <memory>
#include <print>
#include <thread>

#include "cli/host/bench.h"
#include "cli/host/host.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "images/emulator/disk_copy.h"
#include "images/emulator/emulator.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/store/store.h"

namespace cairn::host {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Rows = std::vector<std::vector<std::string>>;

constexpr int runs = 5;
constexpr std::size_t shown_packages = 20;
constexpr auto longest_boot = std::chrono::minutes(5);
constexpr std::uint64_t disk_size = std::uint64_t{4} << 30;

struct Options {
    std::string image = "base";
    std::string architecture;
    std::string tree;
    bool is_without_boot = false;
    bool is_packages_only = false;
    bool is_repository_only = false;
};

milliseconds since(steady_clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
}

/// Cold times are those of the builds that made what the store has, each with its waiting for others.
void print_cold_builds(const Host& host, const std::string& architecture) {
    const store::Store store = store::Store::open(store::Store::default_root());
    std::vector<store::BuildRecord> records;
    for (const std::string& recipe : recipe::list_recipes(host.recipes()))
        for (const std::string& made_for : {architecture, std::string("host")})
            if (auto record = store.find_latest(recipe, made_for)) records.push_back(std::move(*record));
    std::ranges::sort(records, std::ranges::greater{}, &store::BuildRecord::duration);
    Rows rows{{"cold build", "time", "size"}};
    milliseconds sum{0};
    for (const store::BuildRecord& record : records) {
        rows.push_back({record.recipe, format_duration(record.duration), format_bytes(record.size)});
        sum += record.duration;
    }
    rows.push_back({"all, one after the other", format_duration(sum), ""});
    std::print("{}\n", term::format_table(rows));
}

void print_warm_build(const Host& host, const Options& options, const std::string& architecture) {
    const std::string self = fs::read_symlink("/proc/self/exe").string();
    const milliseconds warm =
        measure({.arguments = {self, "build-image", options.image, "--arch", architecture}});
    const milliseconds git = measure({.arguments = {"git", "-C", host.repository().string(), "status"}});
    std::print("{}\n", term::format_table({{"nothing changed", "time", "ratio"},
                                           {"build-image " + options.image, format_duration(warm),
                                            std::format("{:.1f}", ratio(warm, git))},
                                           {"git status (yardstick)", format_duration(git), "1.0"}}));
}

void print_sizes(const fs::path& folder) {
    const Json manifest = read_json(folder / "manifest.json");
    Rows rows{{"image", "size"}};
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("root.") || name.ends_with(".efi"))
            rows.push_back({name, format_bytes(entry.file_size())});
    }
    std::ranges::sort(rows.begin() + 1, rows.end());
    std::vector<std::pair<std::uint64_t, std::string>> packages;
    for (const Json& package : manifest.at("packages"))
        packages.emplace_back(package.value("size", std::uint64_t{0}), package.at("name").get<std::string>());
    std::ranges::sort(packages, std::ranges::greater{});
    packages.resize(std::min(packages.size(), shown_packages));
    for (const auto& [size, name] : packages) rows.push_back({"  " + name, format_bytes(size)});
    std::print("{}\n", term::format_table(rows));
}

/// Waits until the log holds `text`; gives the time since `start`.
milliseconds wait_for(const fs::path& log, std::string_view text, steady_clock::time_point start) {
    while (steady_clock::now() - start < longest_boot) {
        if (find_file(log).value_or("").find(text) != std::string::npos) return since(start);
        std::this_thread::sleep_for(milliseconds(20));
    }
    throw Error(std::format("the machine never said '{}'", text))
        .detail("console", find_file(log).value_or(""));
}

void print_boot(const fs::path& folder, layout::Architecture architecture) {
    const TemporaryDirectory directory;
    const fs::path disk = directory.path() / "disk.qcow2";
    emulator::make_overlay(folder / "disk.img", disk, disk_size);
    Rows rows{{"boot in QEMU (emulated)", "kernel and firmware", "init", "services up", "ratio"}};
    for (const char* boot : {"first", "second"}) {
        const emulator::Machine machine{
            .architecture = architecture,
            .firmware = emulator::make_firmware(architecture, directory.path() / "variables"),
            .disks = {{.file = disk, .format = emulator::Disk::Format::qcow2}}};
        Command command = emulator::plan_emulator(machine);
        const fs::path log = directory.path() / std::format("console-{}", boot);
        command.output = log;
        const auto start = steady_clock::now();
        Child child = Child::start(command);
        const milliseconds kernel = wait_for(log, "Run /init", start);
        const milliseconds root = wait_for(log, "cairn: root: slot", start);
        const milliseconds up = wait_for(log, "cairn: all services are up", start);
        rows.push_back({boot, format_duration(kernel), format_duration(root - kernel), format_duration(up),
                        std::format("{:.1f}", ratio(up, kernel))});
    }  // the child is ended without a shutdown: a power cut
    std::print("{}", term::format_table(rows));
    std::println("ratio: from power-on to services up, to firmware and kernel alone");
}

int bench_image(const Host& host, const Options& options) {
    const auto architectures = parse_architectures(options.architecture);
    if (architectures.size() != 1) throw UsageError("one architecture is measured at a time");
    const std::string architecture(recipe::to_string(architectures.front()));
    const fs::path folder = host.output() / std::format("{}-{}", options.image, architecture);
    if (!fs::exists(folder / "disk.img"))
        throw UsageError(std::format("the image is not there: '{}'", folder.string()))
            .hint(std::format("build it first with: cairn build-image {} --arch {}", options.image,
                              architecture));
    print_cold_builds(host, architecture);
    print_warm_build(host, options, architecture);
    print_sizes(folder);
    if (!options.is_without_boot) print_boot(folder, layout::find_architecture(architecture).value());
    return term::success;
}

int bench(const Host& host, const Options& options) {
    const bool is_all = !options.is_packages_only && !options.is_repository_only;
    if (is_all || options.is_packages_only) bench_packages(options.tree);
    if (is_all || options.is_repository_only) bench_repository();
    return is_all ? bench_image(host, options) : term::success;
}

}  // namespace

milliseconds measure(const std::function<void()>& action, const std::function<void()>& before) {
    std::vector<milliseconds> times;
    for (int run = 0; run < runs; ++run) {
        if (before) before();
        const auto start = steady_clock::now();
        action();
        times.push_back(since(start));
    }
    std::ranges::sort(times);
    return times[runs / 2];
}

milliseconds measure(const Command& command, const std::function<void()>& before) {
    return measure([&] { run_command_checked(command); }, before);
}

double ratio(milliseconds time, milliseconds yardstick) {
    return static_cast<double>(time.count()) /
           static_cast<double>(std::max<std::int64_t>(1, yardstick.count()));
}

void add_bench_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& command =
        root.add_command("bench", "Measure: packages, a large repository, build times, image size, boot");
    command.add_option("image", options->image, "the image; base by default", term::Completion::image);
    command.add_option("--arch", options->architecture, "x86_64 or aarch64; this machine's by default",
                       term::Completion::architecture);
    command.add_flag("--no-boot", options->is_without_boot, "do not start a machine");
    command.add_flag("--packages", options->is_packages_only,
                     "packages only, against tar, b2sum, pacman and dpkg");
    command.add_option("--tree", options->tree,
                       "the tree to measure packages with, instead of 20,000 small files",
                       term::Completion::directory);
    command.add_flag("--repository", options->is_repository_only, "a repository with 100,000 targets only");
    command.set_example("cairn bench base");
    command.set_action([&host, options] { return bench(host, *options); });
}

}  // namespace cairn::host
