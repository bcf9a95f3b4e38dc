#include <format>
#include <memory>
#include <print>

#include "cli/host/repo_maker.h"
#include "cli/host/repo_transport.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/mirror.h"
#include "pkg/repo/page.h"
#include "pkg/tuf/client.h"
#include "pkg/tuf/fetch.h"

/// `cairn repo mirror`: a verified copy of somebody's repository.
namespace cairn::host {
namespace {

struct Options {
    std::string address;
    std::string directory;
    std::optional<std::string> root;
    bool is_quiet = false;
};

repo::MirrorResult run_mirror(const Options& options) {
    const std::string base = to_address(options.address);
    repo::MirrorRequest request{
        .metadata_url = tuf::join_address(base, std::string(repo::metadata_folder)),
        .targets_url = tuf::join_address(base, std::string(repo::targets_folder)),
        .directory = options.directory,
        .now = read_clock(),
    };
    if (options.root) request.trusted_root = read_file(*options.root, tuf::ClientLimits().root);
    RepositoryTransport transport;
    term::Progress progress(options.is_quiet ? term::Progress::Style::quiet
                                             : term::Progress::style_of_stderr());
    request.on_target = [&](const std::string& target, std::uint64_t size) {
        progress.note(std::format("{} ({})", target, format_bytes(size)));
    };
    return with_context(std::format("copying '{}'", options.address),
                        [&] { return repo::mirror(request, transport.any); });
}

int mirror(const Options& options) {
    const repo::MirrorResult result = run_mirror(options);
    if (result.has_packages) {
        repo::Repository repository = repo::Repository::open(options.directory);
        repo::write_page(repository);
    }
    std::println("root {}, timestamp {}, snapshot {}; {} roles, {} targets, {} of them new ({})", result.root,
                 result.timestamp, result.snapshot, result.roles, result.targets, result.fetched_targets,
                 format_bytes(result.fetched_bytes));
    return term::success;
}

}  // namespace

void add_repo_mirror_command(term::Command& group) {
    const auto options = std::make_shared<Options>();
    group.add_command("mirror", "Make or renew a verified copy of a published repository")
        .add_required("repository", options->address, "address or directory with metadata/ and targets/",
                      term::Completion::directory)
        .add_required("copy", options->directory, "the copy's directory", term::Completion::directory)
        .add_option("--root", options->root, "root.json, received by a way that is trusted; needed once",
                    term::Completion::file)
        .add_flag("-q,--quiet", options->is_quiet, "no progress")
        .set_example(
            "cairn repo mirror https://example.org/repo copy --root 1.root.json\n"
            "cairn repo mirror https://example.org/repo copy            from then on")
        .set_action([options] { return mirror(*options); });
}

}  // namespace cairn::host
