#include "cli/host/repo_command.h"

#include <algorithm>
#include <format>
#include <memory>
#include <print>
#include <set>

#include "cli/host/host.h"
#include "cli/host/repo_maker.h"
#include "cli/host/repo_payload.h"
#include "cli/host/wave_file.h"
#include "cli/term/exit_code.h"
#include "cli/term/progress.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/maintain.h"
#include "pkg/repo/page.h"
#include "pkg/repo/promote.h"
#include "pkg/repo/publish.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string repository;
    std::vector<std::string> packages;
    std::vector<std::string> images;
    std::vector<std::string> keys;         // directories
    std::vector<std::string> public_keys;  // [ROLE=]FILE
    std::vector<std::string> thresholds;   // ROLE=N
    std::vector<std::string> roles;
    std::optional<std::string> channel;

    std::string package_channel() const { return channel.value_or(std::string(repo::packages_role)); }
    std::optional<std::string> from;
    bool is_move = false;
    std::optional<std::string> notes;
    std::optional<std::string> notes_file;
    std::optional<std::string> waves;  // a file
    std::optional<std::string> version_floor;
    std::optional<std::string> settings_floor;
    std::string copy;
    std::string expires = "180d";
    std::optional<std::string> root_expires;
    std::uint64_t port = 8000;
    bool is_insecure = false;
    bool is_json = false;
};

/// "ROLE=VALUE"; without "ROLE=" the role is empty.
std::pair<std::string, std::string> split_role(const std::string& text) {
    const std::size_t sign = text.find('=');
    if (sign == std::string::npos || text.substr(0, sign).contains('/')) return {"", text};
    return {text.substr(0, sign), text.substr(sign + 1)};
}

repo::RoleSigners& find_signers(repo::Signers& signers, const std::string& role) {
    const auto found = signers.find(role);
    if (found == signers.end())
        throw UsageError(std::format("'{}' has no key of its own", role))
            .hint("root, timestamp, snapshot, targets and images have");
    return found->second;
}

/// The maker's own key for each role, unless others were given.
repo::Signers plan_signers(const Options& options, const crypto::KeyDirectory& own) {
    repo::Signers signers = repo::signers_of(own);
    std::set<std::string> given;
    for (const std::string& text : options.public_keys) {
        const auto [role, file] = split_role(text);
        const crypto::GivenKey key = crypto::read_given_key(file);
        const std::string name = role.empty() ? std::string(crypto::info_of(key.role).name) : role;
        repo::RoleSigners& role_signers = find_signers(signers, name);
        if (given.insert(name).second) role_signers.keys.clear();
        role_signers.keys.push_back(key.key);
    }
    for (const std::string& text : options.thresholds) {
        const auto [role, count] = split_role(text);
        find_signers(signers, role).threshold = parse_count(count, "--threshold");
    }
    return signers;
}

/// Beside the keys: what images of these keys trust, and what every repository of them begins with.
fs::path first_root_file(const MakerKeys& keys) {
    return keys.all().front().path() / "root.json";
}

/// Other signers than the maker alone make another root.
repo::FirstRoot plan_first_root(const Options& options, const MakerKeys& keys) {
    const fs::path file = first_root_file(keys);
    repo::FirstRoot first;
    if (options.root_expires) first.lifetime = parse_days(*options.root_expires);
    if (!fs::exists(file)) return first;
    if (!options.public_keys.empty() || !options.thresholds.empty()) {
        std::println(
            stderr,
            "images built with these keys trust '{}', which is of other signers: for this repository, "
            "their definition names its root as trusted_root",
            file.string());
        return first;
    }
    if (options.root_expires)
        throw UsageError(std::format("'{}' is there already, with an expiry of its own", file.string()))
            .hint("without --root-expires the repository begins with it");
    first.given = file;
    return first;
}

int init(const Options& options) {
    MakerKeys keys(options.keys);
    const bool is_development = std::ranges::any_of(keys.all(), &crypto::KeyDirectory::is_development);
    if (is_development && !options.is_insecure)
        throw UsageError("these are development keys: anybody could sign for this repository")
            .hint("make keys with 'cairn keys init'; --insecure-dev takes these nevertheless");
    const fs::path first_root = first_root_file(keys);
    repo::Repository repository =
        repo::Repository::init(options.repository, plan_signers(options, keys.own()), keys.signing(),
                               read_clock(), plan_first_root(options, keys));
    if (repository.pending()) {
        finish(repository, {.missing = repo::find_missing(*repository.pending())});
        return term::success;
    }
    repo::write_page(repository);
    const fs::path root = repository.metadata_path() / "1.root.json";
    std::println("made a repository in '{}'", options.repository);
    std::println("  give '{}' to those who are to trust it, by a way that they trust", root.string());
    if (!fs::exists(first_root)) {
        replace_file(first_root, read_file(root));
        std::println("  images built with these keys trust it: '{}'", first_root.string());
    }
    return term::success;
}

/// What the options say of the images, beside what is in their folders.
repo::OfferTerms read_terms(const Options& options) {
    repo::OfferTerms terms = {
        .notes = options.notes, .version_floor = options.version_floor, .channel = options.channel};
    if (options.notes_file) terms.notes = std::string(trim(read_file(*options.notes_file)));
    if (options.waves) terms.waves = read_waves(*options.waves, read_clock());
    if (options.settings_floor)
        terms.settings_floor = parse_count(*options.settings_floor, "--settings-floor");
    return terms;
}

repo::PublishPlan plan(const Options& options, repo::Repository& repository, const MakerKeys& keys) {
    if (options.from)
        return plan_promotion(repository, {.from = *options.from,
                                           .to = options.package_channel(),
                                           .names = options.packages,
                                           .is_move = options.is_move});
    repo::PublishRequest request{.channel = options.package_channel(),
                                 .allows_development_keys = options.is_insecure};
    request.packages.assign(options.packages.begin(), options.packages.end());
    const repo::OfferTerms terms = read_terms(options);
    for (const std::string& folder : options.images)
        request.images.push_back(
            {.path = folder, .payload = put_payload(repository, folder), .terms = terms});
    std::vector<crypto::PublicKey> signers;
    for (const crypto::KeyDirectory& directory : keys.all())
        signers.push_back(directory.public_key(crypto::Role::package));
    return plan_publish(repository, request, package::AllowedKeys(signers));
}

void check(const Options& options) {
    if (options.packages.empty() && (options.images.empty() || options.from))
        throw UsageError("there is nothing to publish")
            .hint("name packages, or an image's folder with --image");
    if (options.is_move && !options.from)
        throw UsageError("'--move' needs '--from': the channel that the packages are in");
    if (!options.images.empty() && options.from)
        throw UsageError("'--from' is of packages")
            .hint("an image goes into a further channel by --image and --channel");
    if (options.notes && options.notes_file)
        throw UsageError("the notes are given twice").hint("--notes or --notes-file");
    if (options.images.empty() && (options.notes || options.notes_file || options.waves ||
                                   options.version_floor || options.settings_floor))
        throw UsageError("notes, waves and floors are of images").hint("name an image's folder with --image");
}

int publish(const Options& options) {
    check(options);
    const MakerKeys keys(options.keys);
    repo::Repository repository = repo::Repository::open(options.repository);
    const repo::PublishPlan changes = plan(options, repository, keys);
    const repo::CommitResult result = repo::publish(repository, changes, keys.signing(), read_clock());
    for (const repo::Publication& publication : changes.added)
        std::println("{} ({})", publication.target, format_bytes(*publication.file.length));
    for (const repo::Removal& removal : changes.removed) std::println("no longer {}", removal.target);
    if (!changes.present.empty()) std::println("{} were there already", changes.present.size());
    finish(repository, result);
    if (result.is_effective())
        std::println("timestamp {}, snapshot {}", repository.timestamp().version,
                     repository.snapshot().version);
    return term::success;
}

int refresh(const Options& options) {
    const MakerKeys keys(options.keys);
    repo::Repository repository = repo::Repository::open(options.repository);
    const repo::RefreshResult result = repo::refresh(repository, keys.signing(), read_clock(), options.roles);
    finish(repository, result.commit);
    if (result.commit.is_effective()) std::println("signed again: {}", join(result.renewed, ", "));
    for (const std::string& role : result.left)
        std::println("'{}' must be signed by others soon: cairn repo refresh {} --role {}", role,
                     options.repository, role);
    return term::success;
}

int show_status(const Options& options) {
    repo::Repository repository = repo::Repository::open(options.repository);
    const tuf::Time now = read_clock();
    bool is_fine = true;
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows{{"role", "version", "keys", "expires", "", ""}};
    for (const repo::RoleStatus& status : repo::read_status(repository, now)) {
        is_fine = is_fine && !status.is_due;
        rows.push_back({status.role, std::to_string(status.version),
                        std::format("{} of {}", status.threshold, status.keys),
                        tuf::format_time(status.expires), repo::describe_expiry(status.expires, now),
                        status.has_expired ? "EXPIRED"
                        : status.is_due    ? "sign again"
                                           : ""});
        list.push_back({{"role", status.role},
                        {"version", status.version},
                        {"threshold", status.threshold},
                        {"keys", status.keys},
                        {"expires", tuf::format_time(status.expires)},
                        {"due", status.is_due},
                        {"expired", status.has_expired}});
    }
    std::print("{}", options.is_json ? format_json(list) : term::format_table(rows));
    if (options.is_json) return is_fine ? term::success : term::failure;
    if (!is_fine) std::println("\n'cairn repo refresh {}' signs again", options.repository);
    if (repository.pending()) {
        std::println("\n'{}' waits for signatures", repository.pending_path().string());
        print_missing(repo::find_missing(*repository.pending()));
    }
    return is_fine ? term::success : term::failure;
}

int verify(const Options& options) {
    repo::Repository repository = repo::Repository::open(options.repository);
    const repo::VerifyResult result = repo::verify(repository);
    std::println("{} roles and {} targets ({}) are as they were signed", result.roles, result.targets,
                 format_bytes(result.bytes));
    return term::success;
}

int export_repository(const Options& options) {
    const std::chrono::days lifetime = parse_days(options.expires);
    const MakerKeys keys(options.keys);
    const repo::Repository repository = repo::Repository::open(options.repository);
    repo::export_copy(repository, options.copy, keys.signing(), lifetime, read_clock());
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
    const auto add_keys = [&](term::Command& command) -> term::Command& {
        return command.add_option("--keys", options->keys, "a further key directory",
                                  term::Completion::directory);
    };
    add_keys(add(group, options, "init", "Make an empty repository in a new directory", init))
        .add_option("--key", options->public_keys,
                    "a signer's <role>.pub, or ROLE=FILE; a role has your own key, or all that are given",
                    term::Completion::file)
        .add_option("--threshold", options->thresholds, "ROLE=N: how many must sign it; 1 by default")
        .add_option("--root-expires", options->root_expires, "how long its first root holds: 365d by default")
        .add_flag("--insecure-dev", options->is_insecure, "with development keys")
        .set_example(
            "cairn repo init repo\n"
            "cairn repo init repo --threshold root=2 --key a/root.pub --key b/root.pub --key c/root.pub");
    add_keys(
        add(group, options, "publish", "Add packages and images; readers see all of it or nothing", publish))
        .add_option("packages", options->packages, "package files (.cpkg); with --from their names",
                    term::Completion::file)
        .add_option("--image", options->images, "a folder that build-image made", term::Completion::directory)
        .add_option("--notes", options->notes, "what the image's version brings, for people")
        .add_option("--notes-file", options->notes_file, "the same from a file", term::Completion::file)
        .add_option("--waves", options->waves, "who gets the version when: a TOML file (pkg/repo/FORMAT.md)",
                    term::Completion::file)
        .add_option("--version-floor", options->version_floor, "no device takes an older version from now on")
        .add_option("--settings-floor", options->settings_floor,
                    "the oldest settings format that there is a way back to from this version")
        .add_option(
            "--channel", options->channel,
            "the packages' channel, packages by default; which devices take the image, all by default")
        .add_option("--from", options->from, "take the packages as they are from this channel")
        .add_flag("--move", options->is_move, "the channel of --from lists them no longer")
        .add_flag("--insecure-dev", options->is_insecure, "images made with development keys, too")
        .set_example(
            "cairn repo publish repo zlib_1.3.1_x86_64.cpkg --image out/base-x86_64\n"
            "cairn repo publish repo --image out/base-x86_64 --notes 'mends the clock' --waves slow.toml\n"
            "cairn repo publish repo --image out/base-x86_64 --channel testing\n"
            "cairn repo publish repo --channel testing zlib_1.3.2_x86_64.cpkg\n"
            "cairn repo publish repo --channel stable --from testing 'zlib_1.3.2_*'");
    add_keys(add(group, options, "refresh", "Sign again what expires soon", refresh))
        .add_option("--role", options->roles, "this role too, even if others must sign it, and it waits");
    add(group, options, "status", "Versions, signers and expiries; exit code 1 when something must be signed",
        show_status)
        .add_flag("--json", options->is_json, "print it as JSON");
    add_repo_signers_commands(group);
    add(group, options, "verify", "Check every role and every target", verify);
    add_keys(add(group, options, "export", "Make a copy for a stick, which holds longer", export_repository))
        .add_required("copy", options->copy, "the copy's new directory", term::Completion::directory)
        .add_option("--expires", options->expires, "how long it holds: 180d")
        .set_example("cairn repo export repo /media/stick/cairn-repository --expires 180d");
    add_repo_mirror_command(group);
    term::Command& server =
        add(group, options, "serve", "Serve a repository on this machine, for development", serve);
    server.add_option("--port", options->port, "8000");
    add_repo_client_command(group);
}

}  // namespace cairn::host
