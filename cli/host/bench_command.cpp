#include <algorithm>
#include <chrono>
#include <format>
#include <memory>
#include <print>

#include "cli/host/bench.h"
#include "cli/host/host.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/base/error.h"
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

struct Options {
    std::string image = "base";
    std::string architecture;
    std::string tree;
    bool is_without_boot = false;
    bool is_packages_only = false;
    bool is_repository_only = false;
    bool is_updates_only = false;
    bool is_device_only = false;
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
    Rows rows{{"image", "size", "by zstd -19"}};
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        const std::string name = entry.path().filename();
        if (name.starts_with("root.") || name.ends_with(".efi") || name == "disk.img")
            rows.push_back({name, format_bytes(entry.file_size()), format_bytes(packed_size(entry.path()))});
    }
    std::ranges::sort(rows.begin() + 1, rows.end());
    std::vector<std::pair<std::uint64_t, std::string>> packages;
    for (const Json& package : manifest.at("packages"))
        packages.emplace_back(package.value("size", std::uint64_t{0}), package.at("name").get<std::string>());
    std::ranges::sort(packages, std::ranges::greater{});
    packages.resize(std::min(packages.size(), shown_packages));
    for (const auto& [size, name] : packages) rows.push_back({"  " + name, format_bytes(size), ""});
    std::print("{}\n", term::format_table(rows));
}

int bench_image(const Host& host, const Options& options) {
    const auto architectures = parse_architectures(options.architecture);
    if (architectures.size() != 1) throw UsageError("one architecture is measured at a time");
    const std::string architecture(recipe::to_string(architectures.front()));
    const fs::path folder = host.output() / std::format("{}-{}", options.image, architecture);
    if (!options.is_updates_only &&
        !fs::exists(folder / "disk.img"))  // updates are measured of what they build
        throw UsageError(std::format("the image is not there: '{}'", folder.string()))
            .hint(std::format("build it first with: cairn build-image {} --arch {}", options.image,
                              architecture));
    const bool is_all = !options.is_updates_only && !options.is_device_only;
    if (is_all) {
        print_cold_builds(host, architecture);
        print_warm_build(host, options, architecture);
        print_sizes(folder);
    }
    if (is_all || options.is_updates_only) bench_updates(host, options.image, architecture);
    if (options.is_device_only || (is_all && !options.is_without_boot))
        bench_device(folder, layout::find_architecture(architecture).value());
    return term::success;
}

int bench(const Host& host, const Options& options) {
    const bool is_image_only = options.is_updates_only || options.is_device_only;
    const bool is_all = !options.is_packages_only && !options.is_repository_only && !is_image_only;
    if (is_all || options.is_packages_only) bench_packages(options.tree);
    if (is_all || options.is_repository_only) bench_repository();
    return is_all || is_image_only ? bench_image(host, options) : term::success;
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

std::uint64_t packed_size(const fs::path& file) {
    const std::string script =
        std::format("zstd -q -19 --long -T0 -c {} | wc -c", quote_for_shell(file.string()));
    return std::stoull(run_command_checked({.arguments = {"sh", "-ec", script}}));
}

void add_bench_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& command = root.add_command(
        "bench", "Measure: packages, a large repository, build times, image size, updates, boot");
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
    command.add_flag("--updates", options->is_updates_only, "small updates of the image only");
    command.add_flag("--device", options->is_device_only, "boot and memory of the image in QEMU only");
    command.set_example("cairn bench base");
    command.set_action([&host, options] { return bench(host, *options); });
}

}  // namespace cairn::host
