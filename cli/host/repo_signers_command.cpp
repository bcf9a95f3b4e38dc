#include <format>
#include <memory>
#include <print>

#include "cli/host/repo_maker.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/repo/delegate.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/rotate.h"

/// `cairn repo rotate`, `delegate` and `sign`: who signs what, and signing one after the other.
namespace cairn::host {
namespace {

namespace fs = std::filesystem;

struct Options {
    std::string repository;
    std::string role;
    std::string channel;
    std::string file;
    std::vector<std::string> keys;  // directories
    std::string new_keys;
    std::vector<std::string> public_keys;
    std::vector<std::string> removed_keys;
    std::optional<std::string> threshold;
    std::vector<std::string> paths;
    std::optional<std::string> terminating;
    std::optional<std::string> expires;
    std::vector<std::string> taken;
    bool removes = false;
    bool drops = false;
    bool is_dry = false;
};

std::vector<crypto::PublicKey> read_public_keys(const std::vector<std::string>& files) {
    std::vector<crypto::PublicKey> keys;
    for (const std::string& file : files) keys.push_back(crypto::read_given_key(file).key);
    return keys;
}

int rotate(const Options& options) {
    MakerKeys keys(options.keys);
    repo::SignerChange change{
        .replacement = {}, .added = read_public_keys(options.public_keys), .removed = options.removed_keys};
    if (options.threshold) change.threshold = parse_count(*options.threshold, "--threshold");
    if (!options.new_keys.empty()) {
        keys.add(options.new_keys);
        change.replacement = {keys.all().back().public_key(repo::key_of(options.role))};
    }
    if (change.is_empty())
        throw UsageError("what is to be different?")
            .hint("--new-keys DIR, --add-key FILE, --remove-key ID, --threshold N");
    repo::Repository repository = repo::Repository::open(options.repository);
    const repo::CommitResult result =
        repo::rotate(repository, options.role, change, keys.signing(), read_clock());
    finish(repository, result);
    if (!result.is_effective()) return term::success;
    const tuf::RoleKeys& signers = repository.signers(options.role);
    std::println("root {}: '{}' is signed by {} of {} keys now", repository.root().version, options.role,
                 signers.threshold, signers.key_ids.size());
    for (const std::string& id : signers.key_ids) std::println("  {}", id);
    if (!options.new_keys.empty())
        std::println("put that role's key files into '{}' before the next command",
                     keys.own().path().string());
    return term::success;
}

bool parse_yes(const std::string& text) {
    if (text != "yes" && text != "no") throw UsageError(std::format("'{}' is neither yes nor no", text));
    return text == "yes";
}

int delegate(const Options& options) {
    MakerKeys keys(options.keys);
    repo::ChannelRequest request{.keys = read_public_keys(options.public_keys), .paths = options.paths};
    if (options.threshold) request.threshold = parse_count(*options.threshold, "--threshold");
    if (options.terminating) request.is_terminating = parse_yes(*options.terminating);
    if (options.expires) request.lifetime = parse_days(*options.expires);
    repo::Repository repository = repo::Repository::open(options.repository);
    if (options.removes) {
        const repo::CommitResult result =
            repo::remove_channel(repository, options.channel, keys.signing(), read_clock());
        finish(repository, result);
        if (result.is_effective())
            std::println("the repository has no channel '{}' any more", options.channel);
        return term::success;
    }
    const std::vector<std::string> known = repo::list_channels(repository);
    if (request.keys.empty() && !std::ranges::contains(known, options.channel))
        request.keys = {keys.own().public_key(crypto::Role::targets)};
    const repo::CommitResult result =
        repo::delegate(repository, options.channel, request, keys.signing(), read_clock());
    finish(repository, result);
    if (!result.is_effective()) return term::success;
    const tuf::Delegation& channel = repo::find_channel(repository, options.channel);
    std::println("channel '{}': {} of {} keys sign it", channel.name, channel.keys.threshold,
                 channel.keys.key_ids.size());
    for (const std::string& path : channel.paths) std::println("  {}", path);
    return term::success;
}

void print_change(const repo::Change& change) {
    for (const std::string& line : repo::describe(change)) std::println("{}", line);
}

/// A copy of what waits, on a machine that has the keys and maybe nothing else.
int sign_copy(const Options& options) {
    repo::Change change = repo::parse_change(read_file(options.file), options.file);
    repo::check_signatures(change);
    print_change(change);
    if (options.is_dry) {
        print_missing(repo::find_missing(change));
        return term::success;
    }
    const MakerKeys keys(options.keys);
    repo::sign(change, keys.signing());
    replace_file(options.file, repo::format_change(change), 0600);
    const std::vector<repo::Missing> missing = repo::find_missing(change);
    std::println("signed; {}", missing.empty() ? "nothing is missing" : "still missing");
    print_missing(missing);
    std::println("where the repository is: cairn repo sign REPOSITORY --take {}", options.file);
    return term::success;
}

int sign_pending(const Options& options, const fs::path& directory) {
    repo::Repository repository = repo::Repository::open_to_sign(directory);
    if (options.drops) {
        repository.drop_pending();
        std::println("nothing waits for signatures in '{}' any more", directory.string());
        return term::success;
    }
    for (const std::string& file : options.taken)
        with_context(std::format("taking the signatures of '{}'", file), [&] {
            const std::size_t count = repository.take(repo::parse_change(read_file(file), file));
            std::println("{}: {} new signature{}", file, count, count == 1 ? "" : "s");
        });
    if (repository.pending()) print_change(*repository.pending());
    if (options.is_dry) return term::success;
    const MakerKeys keys(options.keys);
    const repo::CommitResult result = options.taken.empty()
                                          ? repository.sign_pending(keys.signing(), read_clock())
                                          : repository.finish_pending(keys.signing(), read_clock());
    finish(repository, result);
    if (result.is_effective())
        std::println("published: root {}, timestamp {}", repository.root().version,
                     repository.timestamp().version);
    return term::success;
}

int sign(const Options& options) {
    const fs::path path = options.file;
    if (fs::is_directory(path)) return sign_pending(options, path);
    const fs::path folder = fs::absolute(path).parent_path();
    if (path.filename() == repo::pending_file && fs::is_directory(folder / repo::metadata_folder))
        return sign_pending(options, folder);
    if (options.drops || !options.taken.empty())
        throw UsageError(std::format("'{}' is not a repository", options.file));
    return sign_copy(options);
}

term::Command& add(term::Command& group, const std::shared_ptr<Options>& options, const std::string& name,
                   const std::string& help, int (*action)(const Options&)) {
    term::Command& command = group.add_command(name, help);
    command.set_action([options, action] { return action(*options); });
    return command.add_option("--keys", options->keys, "a further key directory",
                              term::Completion::directory);
}

}  // namespace

void add_repo_signers_commands(term::Command& group) {
    const auto options = std::make_shared<Options>();
    add(group, options, "rotate", "Other keys or another threshold for a role", rotate)
        .add_required("repository", options->repository, "the repository's directory",
                      term::Completion::directory)
        .add_required("role", options->role, "root, timestamp, snapshot, targets, images or a channel")
        .add_option("--new-keys", options->new_keys, "key directory whose key replaces the role's",
                    term::Completion::directory)
        .add_option("--add-key", options->public_keys, "a further signer's <role>.pub",
                    term::Completion::file)
        .add_option("--remove-key", options->removed_keys, "id of a key that counts no longer, or its start")
        .add_option("--threshold", options->threshold, "how many must sign")
        .set_example(
            "cairn repo rotate repo timestamp --new-keys keys-2027\n"
            "cairn repo rotate repo root --remove-key 63b0dec8 --add-key dora/root.pub --threshold 2");
    add(group, options, "delegate", "Make, change or remove a channel with signers of its own", delegate)
        .add_required("repository", options->repository, "the repository's directory",
                      term::Completion::directory)
        .add_required("channel", options->channel, "its name, for example testing")
        .add_option("--key", options->public_keys, "a signer's targets.pub; your own by default",
                    term::Completion::file)
        .add_option("--threshold", options->threshold, "how many must sign")
        .add_option("--paths", options->paths, "pattern of target names; CHANNEL/*/* by default")
        .add_option("--terminating", options->terminating, "yes, or no: others may list such names, too")
        .add_option("--expires", options->expires, "how long its metadata holds: 180d")
        .add_flag("--remove", options->removes, "readers find nothing in it any more")
        .set_example("cairn repo delegate repo testing --key carol/targets.pub --expires 30d");
    add(group, options, "sign", "Sign what waits for more than one signature", sign)
        .add_required("file", options->file, "a repository, or a copy of its .pending.json",
                      term::Completion::file)
        .add_option("--take", options->taken, "take the signatures of a copy that was signed elsewhere",
                    term::Completion::file)
        .add_flag("--dry-run", options->is_dry, "only show what would be signed")
        .add_flag("--drop", options->drops, "give up what waits")
        .set_example(
            "cairn repo sign repo --keys bob\n"
            "cairn repo sign change.json            on a machine without the repository\n"
            "cairn repo sign repo --take change.json");
}

}  // namespace cairn::host
