#include "cli/host/session.h"

#include <algorithm>
#include <format>
#include <print>
#include <thread>

#include "cli/host/maker_keys.h"
#include "pkg/base/text.h"

namespace cairn::host {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t shown_steps = 15;

unsigned job_count(const BuildOptions& options) {
    if (options.jobs > 0) return static_cast<unsigned>(std::min<std::uint64_t>(options.jobs, 512));
    return std::max(1U, std::thread::hardware_concurrency());
}

term::Progress::Style progress_style(const BuildOptions& options) {
    return options.is_quiet ? term::Progress::Style::quiet : term::Progress::style_of_stderr();
}

}  // namespace

void add_build_options(term::Command& command, BuildOptions& options) {
    command.add_option("--arch", options.architecture, "x86_64, aarch64 or all; this machine's by default",
                       term::Completion::architecture);
    command.add_option("-j,--jobs", options.jobs, "parallel jobs in all; 0: as many as processors");
    command.add_flag("--offline", options.is_offline, "never use the network");
    command.add_flag("-k,--keep-going", options.keep_going,
                     "after a failure, build what does not need the failed recipe");
    command.add_flag("-q,--quiet", options.is_quiet, "no progress");
}

Session::Session(Host& host, const BuildOptions& options)
    : host_(host),
      options_(options),
      store_(store::Store::open(options.store.empty() ? store::Store::default_root() : options.store)),
      sources_{.cache = store::Store::default_root(), .transport = transport_},
      packages_(store_.root() / "host-packages.json"),
      budget_(job_count(options)),
      keys_(open_or_make_keys(crypto::KeyDirectory::default_path())),
      progress_(progress_style(options)) {
    source::read_settings_of_process(sources_);
    sources_.is_offline = options.is_offline;
    sources_.on_progress = [this](const source::DownloadProgress& progress) { on_download(progress); };
    sources_.on_note = [this](const std::string& line) { progress_.note(line); };
}

Session::~Session() = default;

build::BuildContext Session::make_context(recipe::Architecture architecture,
                                          const std::vector<std::string>& driver_groups) {
    const auto& module_role = crypto::info_of(crypto::Role::module);
    return {.recipes = host_.recipes(),
            .steps = host_.repository() / "pkg" / "build" / "steps.sh",
            .architecture = architecture,
            .parameters = {.driver_groups = driver_groups,
                           .module_certificate = keys_.path() / (std::string(module_role.name) + ".pem")},
            .store = store_,
            .sources = sources_,
            .packages = packages_,
            .budget = budget_,
            .observer = *this,
            .stop = host_.stop};
}

std::map<std::string, build::StagedTree> Session::build(const build::BuildPlan& plan,
                                                        build::BuildContext& context) {
    if (auto staged = build::find_all_staged(plan, context)) return std::move(*staged);
    if (!monitor_) monitor_ = std::make_unique<ResourceMonitor>(store_.root());
    progress_.set_total(plan.order.size(), build::estimate_rest(plan, context));
    return build::build_all(plan, context, options_.keep_going);
}

void Session::add_step(Step step) {
    steps_.push_back(std::move(step));
}

void Session::print_summary() {
    if (options_.is_quiet) return;
    std::ranges::stable_sort(steps_, std::ranges::greater{}, &Step::duration);
    std::vector<std::vector<std::string>> rows{{"step", "time", "size"}};
    for (const Step& step : steps_) {
        if (rows.size() > shown_steps) break;
        rows.push_back(
            {step.name, format_duration(step.duration), step.size > 0 ? format_bytes(step.size) : ""});
    }
    if (steps_.size() > shown_steps)
        rows.push_back({std::format("and {} shorter ones", steps_.size() - shown_steps)});
    std::print(stderr, "\n{}", term::format_table(rows));
    const auto elapsed =
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
    std::string line =
        std::format("time {}, downloads {} of it", format_duration(elapsed), format_duration(download_time_));
    // What nothing was built for has not been watched.
    if (monitor_)
        line += std::format("; disk used {}, memory at most {}", format_bytes(monitor_->peak_disk()),
                            format_bytes(monitor_->peak_memory()));
    std::println(stderr, "\n{}", line);
}

void Session::on_start(const std::string& recipe, std::optional<milliseconds> earlier) {
    progress_.start(recipe, earlier);
}

void Session::on_progress(const std::string& recipe, const std::string& text) {
    progress_.update(recipe, text);
}

void Session::on_finish(const std::string& recipe, bool built, milliseconds duration) {
    if (built) add_step({.name = recipe, .duration = duration});
    progress_.finish(recipe, built ? std::format("built in {}", format_duration(duration)) : "up to date");
}

/// Downloads are told of one at a time; each begins with `started` and ends with `finished` or `failed`.
void Session::on_download(const source::DownloadProgress& progress) {
    using State = source::DownloadProgress::State;
    const auto now = std::chrono::steady_clock::now();
    if (progress.state == State::started) {
        if (downloads_++ == 0) downloads_since_ = now;
        progress_.note(std::format("fetching {}", progress.file));
    } else if (progress.state != State::running && --downloads_ == 0) {
        download_time_ += std::chrono::duration_cast<milliseconds>(now - downloads_since_);
    }
}

void Session::on_failure(const std::string& recipe) {
    progress_.finish(recipe, "failed");
}

}  // namespace cairn::host
