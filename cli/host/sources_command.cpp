#include "cli/host/sources_command.h"

#include <algorithm>
#include <format>
#include <map>
#include <memory>
#include <print>

#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/net/curl_transport.h"
#include "pkg/source/fetch_source.h"
#include "pkg/source/moved_pin.h"
#include "pkg/source/source_cache.h"
#include "pkg/store/store.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;
using Kind = recipe::SourceSpec::Kind;

struct Options {
    std::vector<std::string> recipes;
    std::string directory;
    bool is_offline = false;
    bool is_dry_run = false;
    bool is_json = false;
    bool is_quiet = false;
};

/// The cache, the network and a display of downloads.
class SourceSession {
  public:
    SourceSession(Host& host, const Options& options)
        : progress_(options.is_quiet ? term::Progress::Style::quiet : term::Progress::style_of_stderr()) {
        source::read_settings_of_process(environment_);
        environment_.is_offline = options.is_offline;
        environment_.stop = &host.stop;
        environment_.on_note = [this](const std::string& line) { progress_.note(line); };
        environment_.on_progress = [this](const source::DownloadProgress& download) { show(download); };
    }

    source::Environment& environment() { return environment_; }

  private:
    void show(const source::DownloadProgress& download) {
        using State = source::DownloadProgress::State;
        switch (download.state) {
            case State::started:
                return progress_.start(download.file, std::nullopt);
            case State::running:
                return progress_.update(download.file,
                                        std::format("{} of {}", format_bytes(download.done),
                                                    download.size ? format_bytes(*download.size) : "?"));
            case State::finished:
                return progress_.finish(download.file,
                                        std::format("fetched {}", format_bytes(download.done)));
            case State::failed:
                return progress_.finish(download.file, "not there; trying the next place");
        }
    }

    term::Progress progress_;
    net::CurlTransport transport_;
    source::Environment environment_{.cache = store::Store::default_root(), .transport = transport_};
};

std::vector<recipe::Recipe> read_recipes(const Host& host, std::vector<std::string> names) {
    if (names.empty()) names = recipe::list_recipes(host.recipes());
    std::vector<recipe::Recipe> recipes;
    for (const std::string& name : names) recipes.push_back(recipe::read_recipe(host.recipes(), name));
    return recipes;
}

/// Everything the recipes pin, in the cache afterwards; pins moved for this run where that was asked for.
std::vector<source::PinnedFile> fetch_all(std::vector<recipe::Recipe>& recipes,
                                          source::Environment& environment) {
    std::vector<recipe::Recipe*> pointers;
    for (recipe::Recipe& recipe : recipes) pointers.push_back(&recipe);
    source::follow_vanished_pins(pointers, environment);
    std::vector<source::PinnedFile> pins = source::list_pinned_files(recipes);
    source::fetch_files(pins, environment);
    return pins;
}

bool has_git_source(const recipe::Recipe& recipe) {
    return std::ranges::any_of(recipe.sources, [](const auto& spec) { return spec.kind == Kind::git; });
}

int run_fetch(Host& host, const Options& options) {
    SourceSession session(host, options);
    std::vector<recipe::Recipe> recipes = read_recipes(host, options.recipes);
    const std::vector<source::PinnedFile> pins = fetch_all(recipes, session.environment());
    for (const recipe::Recipe& recipe : recipes)
        if (has_git_source(recipe)) source::fetch_source(recipe, session.environment());

    const source::SourceCache cache(session.environment().cache);
    std::uint64_t size = 0;
    Json list = Json::array();
    for (const source::PinnedFile& pin : pins) {
        const fs::path path = cache.path_of(pin.sha256());
        size += fs::file_size(path);
        list.push_back({{"recipe", pin.recipe},
                        {"file", pin.file_name()},
                        {"sha256", pin.sha256().to_hex()},
                        {"path", path.string()}});
    }
    if (options.is_json)
        std::print("{}", format_json(list));
    else
        std::println("{} files, {}, are in '{}'", pins.size(), format_bytes(size),
                     (session.environment().cache / "sources").string());
    return term::success;
}

/// One pin that is to move, in every recipe that has it.
struct PinMove {
    recipe::SourceSpec pinned;
    source::IndexedFile newest;
    std::vector<std::string> recipes;
};

std::vector<PinMove> plan_update(const Host& host, const Options& options, source::Environment& environment) {
    const std::vector<recipe::Recipe> all = read_recipes(host, {});
    std::vector<PinMove> moves;
    for (const recipe::Recipe& recipe : read_recipes(host, options.recipes))
        for (const recipe::SourceSpec& spec : recipe.sources) {
            if (spec.kind != Kind::debian) continue;
            if (std::ranges::contains(moves, spec.sha256,
                                      [](const PinMove& move) { return move.pinned.sha256; }))
                continue;
            const auto newest = source::find_newest({recipe.name, spec}, environment);
            if (!newest)
                throw Error(
                    std::format("cannot move the pin of '{}': Debian's archive has no '{}' of that kind",
                                recipe.name, spec.debian_source));
            if (newest->sha256 == *spec.sha256) {
                std::println("{}: '{}' is the newest", recipe.name, spec.debian_file);
                continue;
            }
            PinMove move{spec, *newest, {}};
            for (const recipe::Recipe& other : all)
                if (std::ranges::contains(other.sources, spec.sha256, &recipe::SourceSpec::sha256))
                    move.recipes.push_back(other.name);
            moves.push_back(std::move(move));
        }
    return moves;
}

void apply_move(const Host& host, const PinMove& move) {
    for (const std::string& name : move.recipes) {
        const fs::path path = host.recipes() / name / "recipe.toml";
        replace_file(path, source::move_pin_in_text(read_file(path), move.pinned, move.newest));
        recipe::read_recipe(host.recipes(), name);  // it must still be one
    }
}

int run_update(Host& host, const Options& options) {
    SourceSession session(host, options);
    for (const PinMove& move : plan_update(host, options, session.environment())) {
        std::println("{}: '{}' {} '{}' (in {})", join(move.recipes, ", "), move.pinned.debian_file,
                     options.is_dry_run ? "would become" : "becomes", move.newest.file, move.newest.suite);
        if (!options.is_dry_run) apply_move(host, move);
    }
    return term::success;
}

int run_export(Host& host, const Options& options) {
    SourceSession session(host, options);
    std::vector<recipe::Recipe> recipes = read_recipes(host, options.recipes);
    const fs::path directory = options.directory;
    make_directories(directory);
    const source::SourceCache cache(session.environment().cache);
    std::uint64_t size = 0;
    const std::vector<source::PinnedFile> pins = fetch_all(recipes, session.environment());
    for (const source::PinnedFile& pin : pins) {
        const fs::path file = source::fetch_file(pin, session.environment());  // checked once more
        size += fs::file_size(file);
        AtomicFile copy(directory / file.filename());
        fs::copy_file(file, copy.temporary_path(), fs::copy_options::overwrite_existing);
        copy.commit(AtomicFile::Durability::unsynced);
    }
    std::println("{} files, {}, are in '{}': set CAIRN_SOURCE_MIRROR to it, or to an address that serves it",
                 pins.size(), format_bytes(size), directory.string());
    for (const recipe::Recipe& recipe : recipes)
        if (has_git_source(recipe)) std::println("not in it: the git source of '{}'", recipe.name);
    return term::success;
}

}  // namespace

void add_sources_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& sources = root.add_command("sources", "Fetch, renew or copy what recipes are built from");

    term::Command& fetch =
        sources.add_command("fetch", "Bring sources into the cache, so that builds need no network");
    fetch.add_option("recipe", options->recipes, "recipes; all without any", term::Completion::recipe);
    fetch.add_flag("--offline", options->is_offline, "never use the network: only check that all is there");
    fetch.add_flag("--json", options->is_json, "print the files as JSON");
    fetch.add_flag("-q,--quiet", options->is_quiet, "no progress");
    fetch.set_example("cairn sources fetch\ncairn sources fetch zlib linux");
    fetch.set_action([&host, options] { return run_fetch(host, *options); });

    term::Command& update = sources.add_command(
        "update", "Move pins to the newest files in Debian's archive, by its signed indexes");
    update.add_required("recipe", options->recipes,
                        "recipes whose pins are moved, with all recipes that share the file",
                        term::Completion::recipe);
    update.add_flag("-n,--dry-run", options->is_dry_run, "only say what would change");
    update.set_example("cairn sources update linux");
    update.set_action([&host, options] { return run_update(host, *options); });

    term::Command& copy =
        sources.add_command("export", "Copy sources into a directory that CAIRN_SOURCE_MIRROR can name");
    copy.add_required("directory", options->directory, "made if missing", term::Completion::directory);
    copy.add_option("recipe", options->recipes, "recipes; all without any", term::Completion::recipe);
    copy.add_flag("-q,--quiet", options->is_quiet, "no progress");
    copy.set_example("cairn sources export /media/stick/sources");
    copy.set_action([&host, options] { return run_export(host, *options); });
}

}  // namespace cairn::host
