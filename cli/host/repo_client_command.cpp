#include <ctime>
#include <format>
#include <memory>
#include <print>

#include "cli/host/repo_command.h"
#include "cli/host/repo_transport.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"
#include "pkg/tuf/client.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string root;
    std::string name;
    std::string state;
    std::string output;
    std::vector<std::string> metadata;
    std::vector<std::string> targets;
    bool is_quiet = false;
};

void require(std::string_view option, bool is_given) {
    if (!is_given) throw UsageError(std::format("'{}' is needed", option)).hint("see --help");
}

/// The client with what it fetches by.
struct Connection {
    explicit Connection(const Options& options)
        : client({.state = options.state,
                  .metadata_mirrors = to_addresses(options.metadata),
                  .now = static_cast<tuf::Time>(std::time(nullptr))},
                 transport.any) {}

    RepositoryTransport transport;
    tuf::Client client;
};

int init(const Options& options) {
    require("--state", !options.state.empty());
    with_context(std::format("taking '{}' for the trusted root", options.root), [&] {
        tuf::Client::init(read_file(options.root, tuf::ClientLimits().root), options.state);
    });
    std::println("'{}' trusts the root in '{}'", options.state, options.root);
    return term::success;
}

void print_state(const tuf::TrustedMetadata& trusted) {
    std::println("root {}, timestamp {}, snapshot {}, targets {}; fresh until {}", trusted.root().version,
                 trusted.timestamp()->version, trusted.snapshot()->version,
                 trusted.find_targets("targets")->version, tuf::format_time(trusted.timestamp()->expires));
}

int refresh(const Options& options) {
    require("--state", !options.state.empty());
    require("--metadata-url", !options.metadata.empty());
    Connection connection(options);
    with_context("refreshing the metadata", [&] { connection.client.refresh(); });
    print_state(connection.client.trusted());
    return term::success;
}

int download(const Options& options) {
    require("--state", !options.state.empty());
    require("--metadata-url", !options.metadata.empty());
    require("--targets-url", !options.targets.empty());
    require("--output", !options.output.empty());
    Connection connection(options);
    with_context("refreshing the metadata", [&] { connection.client.refresh(); });
    fs::path file;
    {
        term::Progress progress(options.is_quiet ? term::Progress::Style::quiet
                                                 : term::Progress::style_of_stderr());
        progress.start(options.name, std::nullopt);
        file = connection.client.download(
            options.name, to_addresses(options.targets), options.output,
            [&](std::uint64_t done, std::uint64_t size) {
                progress.update(options.name,
                                std::format("{} of {}", format_bytes(done), format_bytes(size)));
            });
        progress.finish(options.name, std::format("{}, verified", format_bytes(fs::file_size(file))));
    }
    std::println("{}", file.string());
    return term::success;
}

}  // namespace

void add_repo_client_command(term::Command& parent) {
    const auto options = std::make_shared<Options>();
    term::Command& group =
        parent.add_command("client", "What a device does with a repository: refresh, verify, download");
    const auto add_state = [&](term::Command& command) {
        command.add_option("--state", options->state, "directory of the trusted metadata",
                           term::Completion::directory);
    };
    const auto add_metadata = [&](term::Command& command) {
        add_state(command);
        command.add_option("--metadata-url", options->metadata,
                           "address or directory of the metadata; several are mirrors, tried in order");
    };

    term::Command& first = group.add_command("init", "Begin with a root that is trusted");
    first.add_required("root", options->root, "root.json, received by a way that is trusted",
                       term::Completion::file);
    add_state(first);
    first.set_example("cairn repo client init root.json --state trust");
    first.set_action([options] { return init(*options); });

    term::Command& second = group.add_command("refresh", "Fetch and verify what is new in the metadata");
    add_metadata(second);
    second.set_example("cairn repo client refresh --state trust --metadata-url https://example.org/metadata");
    second.set_action([options] { return refresh(*options); });

    term::Command& third = group.add_command("download", "Refresh, then fetch a target and verify it");
    third.add_required("name", options->name, "name of the target");
    add_metadata(third);
    third.add_option("--targets-url", options->targets,
                     "address or directory of the targets; several are mirrors, tried in order");
    third.add_option("-o,--output", options->output, "directory for the file", term::Completion::directory);
    third.add_flag("-q,--quiet", options->is_quiet, "no progress");
    third.set_example(
        "cairn repo client download images/base/x86_64/updates.json --state trust "
        "--metadata-url https://example.org/metadata --targets-url https://example.org/targets --output .");
    third.set_action([options] { return download(*options); });
}

}  // namespace cairn::host
