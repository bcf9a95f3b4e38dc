#include "cli/host/repo_command.h"

#include <charconv>
#include <ctime>
#include <format>
#include <memory>
#include <print>

#include "cli/host/host.h"
#include "cli/host/maker_keys.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/repo/maintain.h"
#include "pkg/repo/page.h"
#include "pkg/repo/publish.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string repository;
    std::vector<std::string> packages;
    std::vector<std::string> images;
    std::string role;
    std::string new_keys;
    std::string copy;
    std::string expires = "180d";
    std::uint64_t port = 8000;
    bool is_insecure = false;
    bool is_json = false;
};

tuf::Time read_clock() {
    return static_cast<tuf::Time>(std::time(nullptr));
}

crypto::KeyDirectory open_maker_keys() {
    return open_keys(crypto::KeyDirectory::default_path());
}

int init(const Options& options) {
    crypto::KeyDirectory keys = open_maker_keys();
    if (keys.is_development() && !options.is_insecure)
        throw UsageError("these are development keys: anybody could sign for this repository")
            .hint("make keys with 'cairn keys init'; --insecure-dev takes these nevertheless");
    repo::Repository repository = repo::Repository::init(options.repository, keys, read_clock());
    repo::write_page(repository);
    std::println("made a repository in '{}'", options.repository);
    std::println("  give '{}' to those who are to trust it, by a way that they trust",
                 (repository.metadata_path() / "1.root.json").string());
    return term::success;
}

int publish(const Options& options) {
    if (options.packages.empty() && options.images.empty())
        throw UsageError("there is nothing to publish")
            .hint("name packages, or an image's folder with --image");
    crypto::KeyDirectory keys = open_maker_keys();
    repo::Repository repository = repo::Repository::open(options.repository);
    repo::PublishRequest request{.allows_development_keys = options.is_insecure};
    request.packages.assign(options.packages.begin(), options.packages.end());
    request.images.assign(options.images.begin(), options.images.end());
    const repo::PublishPlan plan =
        plan_publish(repository, request, package::AllowedKeys({keys.public_key(crypto::Role::package)}));
    repo::publish(repository, plan, repo::sign_with(keys), read_clock());
    repo::write_page(repository);
    for (const repo::Publication& publication : plan.added)
        std::println("{} ({})", publication.target, format_bytes(*publication.file.length));
    if (!plan.present.empty()) std::println("{} were there already", plan.present.size());
    std::println("timestamp {}, snapshot {}", repository.timestamp().version, repository.snapshot().version);
    return term::success;
}

int refresh(const Options& options) {
    crypto::KeyDirectory keys = open_maker_keys();
    repo::Repository repository = repo::Repository::open(options.repository);
    const std::vector<std::string> renewed = repo::refresh(repository, repo::sign_with(keys), read_clock());
    repo::write_page(repository);
    std::println("signed again: {}", join(renewed, ", "));
    return term::success;
}

int show_status(const Options& options) {
    repo::Repository repository = repo::Repository::open(options.repository);
    bool is_fine = true;
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows{{"role", "version", "expires", ""}};
    for (const repo::RoleStatus& status : repo::read_status(repository, read_clock())) {
        is_fine = is_fine && !status.is_due;
        rows.push_back({status.role, std::to_string(status.version), tuf::format_time(status.expires),
                        status.has_expired ? "EXPIRED"
                        : status.is_due    ? "sign again"
                                           : ""});
        list.push_back({{"role", status.role},
                        {"version", status.version},
                        {"expires", tuf::format_time(status.expires)},
                        {"due", status.is_due},
                        {"expired", status.has_expired}});
    }
    std::print("{}", options.is_json ? format_json(list) : term::format_table(rows));
    if (!is_fine && !options.is_json)
        std::println("\n'cairn repo refresh {}' signs again", options.repository);
    return is_fine ? term::success : term::failure;
}

int rotate(const Options& options) {
    if (options.new_keys.empty()) throw UsageError("'--new-keys' is needed: the directory with the new key");
    crypto::KeyDirectory keys = open_maker_keys();
    crypto::KeyDirectory new_keys = open_keys(options.new_keys);
    repo::Repository repository = repo::Repository::open(options.repository);
    repo::rotate(repository, options.role, keys, new_keys, read_clock());
    std::println("root {}: '{}' is signed with the key in '{}' now", repository.root().version, options.role,
                 options.new_keys);
    std::println("  put that role's key files into '{}' before the next command", keys.path().string());
    return term::success;
}

int verify(const Options& options) {
    repo::Repository repository = repo::Repository::open(options.repository);
    const repo::VerifyResult result = repo::verify(repository);
    std::println("{} roles and {} targets ({}) are as they were signed", result.roles, result.targets,
                 format_bytes(result.bytes));
    return term::success;
}

std::chrono::days parse_days(std::string_view text) {
    int days = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, days);
    if (error != std::errc() || std::string_view(rest, end) != "d" || days < 1 || days > 3650)
        throw UsageError(std::format("'{}' is not a number of days like 180d", text));
    return std::chrono::days(days);
}

int export_repository(const Options& options) {
    const std::chrono::days lifetime = parse_days(options.expires);
    crypto::KeyDirectory keys = open_maker_keys();
    const repo::Repository repository = repo::Repository::open(options.repository);
    repo::export_copy(repository, options.copy, repo::sign_with(keys), lifetime, read_clock());
    std::println("'{}' holds for {}", options.copy, options.expires);
    return term::success;
}

/// By BusyBox's server, which knows ranges; on the loopback address only.
int serve(const Options& options) {
    const fs::path root = fs::absolute(options.repository);
    if (!fs::is_directory(root / "metadata"))
        throw UsageError(std::format("there is no repository in '{}'", root.string()));
    if (options.port == 0 || options.port > 65'535) throw UsageError("a port is 1 to 65535");
    const std::string address = std::format("127.0.0.1:{}", options.port);
    std::println("http://{}/ until Ctrl-C", address);
    std::println("  --metadata-url http://{0}/metadata --targets-url http://{0}/targets", address);
    return Child::start({.arguments = {"busybox", "httpd", "-f", "-p", address, "-h", root.string()}}).wait();
}

term::Command& add(term::Command& group, const std::shared_ptr<Options>& options, const std::string& name,
                   const std::string& help, int (*action)(const Options&)) {
    term::Command& command = group.add_command(name, help);
    command.add_required("repository", options->repository, "the repository's directory",
                         term::Completion::directory);
    command.set_example(std::format("cairn repo {} repo", name));
    command.set_action([options, action] { return action(*options); });
    return command;
}

}  // namespace

void add_repo_command(term::Command& root, Host&) {
    const auto options = std::make_shared<Options>();
    term::Command& group =
        root.add_command("repo", "Publish and read repositories of The Update Framework (TUF)");
    add(group, options, "init", "Make an empty repository in a new directory", init)
        .add_flag("--insecure-dev", options->is_insecure, "with development keys");
    add(group, options, "publish", "Add packages and images; readers see all of it or nothing", publish)
        .add_option("packages", options->packages, "package files (.cpkg)", term::Completion::file)
        .add_option("--image", options->images, "a folder that build-image made", term::Completion::directory)
        .add_flag("--insecure-dev", options->is_insecure, "images made with development keys, too")
        .set_example("cairn repo publish repo zlib_1.3.1_x86_64.cpkg --image out/base-x86_64");
    add(group, options, "refresh", "Sign again what expires soon", refresh);
    add(group, options, "status", "Versions and expiries; exit code 1 when something must be signed again",
        show_status)
        .add_flag("--json", options->is_json, "print it as JSON");
    add(group, options, "rotate", "Exchange the key of a role", rotate)
        .add_required("role", options->role, "root, timestamp, snapshot, targets or images")
        .add_option("--new-keys", options->new_keys, "key directory with the new key",
                    term::Completion::directory)
        .set_example("cairn repo rotate repo timestamp --new-keys keys-2027");
    add(group, options, "verify", "Check every role and every target", verify);
    add(group, options, "export", "Make a copy for a stick, which holds longer", export_repository)
        .add_required("copy", options->copy, "the copy's new directory", term::Completion::directory)
        .add_option("--expires", options->expires, "how long it holds: 180d")
        .set_example("cairn repo export repo /media/stick/repo --expires 180d");
    term::Command& server =
        add(group, options, "serve", "Serve a repository on this machine, for development", serve);
    server.add_option("--port", options->port, "8000");
    add_repo_client_command(group);
}

}  // namespace cairn::host
