#include <format>
#include <memory>
#include <print>

#include "cli/host/host.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/store/store.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

struct Options {
    bool all = false;
    bool sources = false;
    bool is_dry_run = false;
};

std::uint64_t size_of(const fs::path& path) {
    std::uint64_t size = 0;
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) return fs::file_size(path, ignored);
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, ignored))
        if (entry.is_regular_file(ignored) && !entry.is_symlink(ignored)) size += entry.file_size(ignored);
    return size;
}

/// What goes: plain `clean` takes what the next build makes again without compiling; the rest is asked for by
/// name.
std::vector<fs::path> plan_clean(const Host& host, const fs::path& cache, const Options& options) {
    std::vector<fs::path> paths{host.output(), cache / "work", cache / "failed", cache / "sysroots",
                                cache / "logs"};
    if (options.all)
        for (const char* name : {"outputs", "records", "latest", "packages", "trees"})
            paths.push_back(cache / name);
    if (options.sources || options.all) paths.push_back(cache / "sources");
    std::erase_if(paths, [](const fs::path& path) { return !fs::exists(path); });
    return paths;
}

int run_clean(Host& host, const Options& options) {
    const store::Store store = store::Store::open(store::Store::default_root());
    const auto lock = FileLock::find(store.root() / "locks" / "work", FileLock::Mode::exclusive);
    if (!lock) throw Error("the store is in use by another run").hint("wait for it to end");
    for (const fs::path& path : plan_clean(host, store.root(), options)) {
        std::println("{} {} ({})", options.is_dry_run ? "would remove" : "removing", path.string(),
                     format_bytes(size_of(path)));
        if (!options.is_dry_run) remove_tree(path);
    }
    return term::success;
}

}  // namespace

void add_clean_command(term::Command& root, Host& host) {
    const auto options = std::make_shared<Options>();
    term::Command& command =
        root.add_command("clean", "Remove outputs, logs and left-overs; with --all, everything built");
    command.add_flag("--all", options->all, "everything in the cache: builds, packages and sources");
    command.add_flag("--sources", options->sources, "downloaded sources too");
    command.add_flag("-n,--dry-run", options->is_dry_run, "only say what would be removed");
    command.set_example("cairn clean --dry-run --all");
    command.set_action([&host, options] { return run_clean(host, *options); });
}

}  // namespace cairn::host
