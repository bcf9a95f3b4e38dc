#include "cli/host/package_root.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <format>
#include <memory>
#include <optional>
#include <print>
#include <ranges>

#include "cli/host/package_choice.h"
#include "cli/host/package_keys.h"
#include "cli/term/exit_code.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/base/version_order.h"
#include "pkg/rootfs/check.h"
#include "pkg/rootfs/managed_root.h"

namespace cairn::host {
namespace {

using package::PackageReader;
using package::VerifiedHead;
using rootfs::ContentSource;
using rootfs::ManagedRoot;
using rootfs::Request;

struct RootOptions {
    std::string root;
    std::vector<std::string> wanted;  // .cpkg files, or relations to fulfil out of choice.folder
    std::vector<std::string> names;
    std::vector<std::string> held;
    std::string name;
    std::string path;
    ChoiceOptions choice;
    std::uint64_t before = 0;
    bool is_dry_run = false;
    bool removes_dependants = false;
    bool is_json = false;
};

void say_recovery(const ManagedRoot& root) {
    using enum ManagedRoot::Recovery;
    if (root.recovery() == finished) std::println("a transaction that had been interrupted was finished");
    if (root.recovery() == undone) std::println("a transaction that had been interrupted was undone");
}

/// A dry run reads only; it needs no right to write.
ManagedRoot open(const RootOptions& options, const std::string& command) {
    ManagedRoot root = options.is_dry_run ? ManagedRoot::open_to_read(options.root)
                                          : ManagedRoot::open(options.root, "cairn package " + command);
    say_recovery(root);
    return root;
}

int carry_out(ManagedRoot& root, const Request& request, const std::vector<ContentSource>& sources,
              const RootOptions& options, const std::string& command) {
    const rootfs::Plan plan = root.plan(request);
    if (plan.is_empty()) {
        std::println("nothing to do");
        return term::success;
    }
    std::print("{}", rootfs::describe(plan));
    if (options.is_dry_run) return term::success;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    root.carry_out(
        request, plan, sources,
        {.time = std::chrono::duration_cast<std::chrono::seconds>(now).count(), .command = command});
    std::println("transaction {} is done", root.database().transaction);
    return term::success;
}

/// False when it is there already. Throws UsageError for what the command is not for.
bool is_wanted(const ManagedRoot& root, const PackageReader& package, const RootOptions& options,
               bool is_upgrade) {
    const package::Identity& identity = package.identity();
    const rootfs::PackageRecord* installed = root.database().find(identity.name);
    if (installed == nullptr) {
        if (!is_upgrade) return true;
        throw UsageError(std::format("package '{}' is not installed", identity.name))
            .hint("'cairn package install' installs it");
    }
    if (installed->id == package.id()) {
        std::println("{} {} is installed already", identity.name, identity.version);
        return false;
    }
    if (options.choice.allows_downgrade || compare_versions(installed->version, identity.version) <= 0)
        return true;
    throw UsageError(std::format("{} {} is older than {}, which is installed", identity.name,
                                 identity.version, installed->version))
        .hint("--allow-downgrade installs it all the same");
}

int add_files(const RootOptions& options, bool is_upgrade) {
    const std::string command = is_upgrade ? "upgrade" : "install";
    const package::AllowedKeys keys = allowed_package_keys(options.choice.key_file);
    std::vector<PackageReader> packages;
    for (const std::string& file : options.wanted) {
        if (!file.ends_with(".cpkg"))
            throw UsageError(std::format("'{}' is not a .cpkg file", file))
                .hint("--from DIR names a directory of packages, which are then asked for by name");
        packages.push_back(package::open_package(file, keys));
    }
    ManagedRoot root = open(options, command);
    Request request;
    std::vector<ContentSource> sources;
    for (const PackageReader& package : packages) {
        if (!is_wanted(root, package, options, is_upgrade)) continue;
        request.add.push_back(&package.head());
        sources.push_back(rootfs::contents_of(package));
    }
    return carry_out(root, request, sources, options, command);
}

int make_change(const RootOptions& options, const solve::Job& job, const std::string& command) {
    ManagedRoot root = open(options, command);
    const Change change = choose_change(root, job, options.choice);
    for (const std::string& kept : change.kept) std::println("{}", kept);
    Request request{.remove = change.remove};
    std::vector<ContentSource> sources;
    for (const PackageReader& package : change.add) {
        request.add.push_back(&package.head());
        sources.push_back(rootfs::contents_of(package));
    }
    return carry_out(root, request, sources, options, command);
}

int install_packages(const RootOptions& options) {
    if (options.wanted.empty())
        throw UsageError("'cairn package install' needs to know what to install")
            .hint("name .cpkg files, or packages of --from DIR");
    if (options.choice.folder.empty()) return add_files(options, false);
    return make_change(options, {.install = options.wanted, .hold = options.held}, "install");
}

int upgrade_packages(const RootOptions& options) {
    if (!options.choice.folder.empty())
        return make_change(
            options,
            {.upgrade = options.wanted, .upgrades_all = options.wanted.empty(), .hold = options.held},
            "upgrade");
    if (options.wanted.empty())
        throw UsageError("'cairn package upgrade' needs to know where newer versions are")
            .hint("--from DIR names a directory of packages; or name .cpkg files");
    return add_files(options, true);
}

int remove_packages(const RootOptions& options) {
    return make_change(options, {.remove = options.names, .removes_dependents = options.removes_dependants},
                       "remove");
}

int roll_back(const RootOptions& options) {
    ManagedRoot root = open(options, "rollback");
    const std::uint64_t number = options.before != 0 ? options.before : root.database().transaction;
    std::vector<VerifiedHead> heads;
    const Request request = root.plan_rollback(number, heads);
    std::vector<ContentSource> sources;
    for (const VerifiedHead* head : request.add) sources.push_back(root.old_contents(*head));
    return carry_out(root, request, sources, options, "rollback");
}

std::string format_time(std::int64_t seconds) {
    return std::format("{:%Y-%m-%d %H:%M:%S}Z", std::chrono::sys_seconds(std::chrono::seconds(seconds)));
}

std::string describe(const rootfs::PackageChange& change) {
    if (!change.from) return std::format("+ {} {}", change.name, change.to->version);
    if (!change.to) return std::format("- {} {}", change.name, change.from->version);
    return std::format("~ {} {} -> {}", change.name, change.from->version, change.to->version);
}

int show_history(const RootOptions& options) {
    const std::vector<rootfs::HistoryEntry> history = ManagedRoot::open_to_read(options.root).history();
    if (options.is_json) {
        Json json = Json::array();
        for (const rootfs::HistoryEntry& entry : history) json.push_back(rootfs::to_json(entry));
        std::print("{}", format_json(json));
        return term::success;
    }
    for (const rootfs::HistoryEntry& entry : history) {
        std::println("{:>4}  {}  {}", entry.number, format_time(entry.time), entry.command);
        for (const rootfs::PackageChange& change : entry.changes) std::println("      {}", describe(change));
        for (const std::string& path : entry.kept) std::println("      changed locally, kept: {}", path);
    }
    return term::success;
}

const VerifiedHead& find_installed(const ManagedRoot& root, const std::string& name) {
    const auto place = std::ranges::find(root.installed(), name,
                                         [](const VerifiedHead& head) { return head.head().identity.name; });
    if (place != root.installed().end()) return *place;
    UsageError error(std::format("package '{}' is not installed in '{}'", name, root.root().name()));
    std::vector<std::string> names;
    for (const rootfs::PackageRecord& record : root.database().packages) names.push_back(record.name);
    if (const auto nearest = find_nearest(name, names))
        error.hint(std::format("did you mean '{}'?", *nearest));
    throw error;
}

int list_files(const RootOptions& options) {
    const ManagedRoot root = ManagedRoot::open_to_read(options.root);
    for (const archive::FileEntry& entry : find_installed(root, options.name).head().files.entries)
        std::println("{}{}", entry.path, entry.kind == archive::Kind::directory ? "/" : "");
    return term::success;
}

/// As people type them: with a leading slash too.
int show_owners(const RootOptions& options) {
    const ManagedRoot root = ManagedRoot::open_to_read(options.root);
    std::string_view path = options.path;
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    bool is_owned = false;
    for (const VerifiedHead& head : root.installed()) {
        if (head.head().files.find(path) == nullptr) continue;
        std::println("{} {}", head.head().identity.name, head.head().identity.version);
        is_owned = true;
    }
    if (is_owned) return term::success;
    throw Error(std::format("no package has '{}'", path));
}

term::Command& add_root_command(term::Command& group, const std::shared_ptr<RootOptions>& options,
                                const std::string& name, const std::string& help,
                                std::function<int(const RootOptions&)> action) {
    term::Command& command = group.add_command(name, help);
    command.add_option("--root", options->root, "the directory that holds the root file system",
                       term::Completion::directory);
    command.set_action([options, action, name] {
        if (options->root.empty())
            throw UsageError(std::format("'cairn package {}' needs --root", name))
                .hint("--root DIR names the directory that holds the root file system");
        return action(*options);
    });
    return command;
}

void add_changing_options(term::Command& command, const std::shared_ptr<RootOptions>& options) {
    command.add_flag("--dry-run", options->is_dry_run, "only say what would be done");
}

void add_adding_options(term::Command& command, const std::shared_ptr<RootOptions>& options) {
    command.add_option("packages", options->wanted,
                       ".cpkg files, or with --from names: editor, 'editor >= 2'", term::Completion::file);
    ChoiceOptions& choice = options->choice;
    command.add_option("--from", choice.folder,
                       "a directory of packages; what these need is taken from there too",
                       term::Completion::directory);
    command.add_option("--hold", options->held, "with --from: a package that stays as it is");
    command.add_option("--arch", choice.architecture,
                       "with --from: the root's architecture, while nothing in it says that",
                       term::Completion::architecture);
    command.add_option("--allow-key", choice.key_file,
                       "the public key to believe (a .pub file); the maker's own by default",
                       term::Completion::file);
    command.add_flag("--allow-downgrade", choice.allows_downgrade, "take older versions too");
    add_changing_options(command, options);
}

}  // namespace

void add_root_commands(term::Command& group) {
    const auto options = std::make_shared<RootOptions>();
    term::Command& install = add_root_command(
        group, options, "install", "Install packages into a root: all or nothing", install_packages);
    add_adding_options(install, options);
    install.set_example("cairn package install --root /mnt --from repository/targets curl 'zlib >= 1.3'");

    term::Command& upgrade = add_root_command(
        group, options, "upgrade", "Put newer versions in the place of installed packages", upgrade_packages);
    add_adding_options(upgrade, options);
    upgrade.set_example("cairn package upgrade --root /mnt --from repository/targets");

    term::Command& remove =
        add_root_command(group, options, "remove", "Remove packages from a root", remove_packages);
    remove.add_required("packages", options->names, "their names");
    remove.add_flag("--with-dependants", options->removes_dependants, "also what needs them");
    add_changing_options(remove, options);
    remove.set_example("cairn package remove --root /mnt curl");

    term::Command& rollback = add_root_command(
        group, options, "rollback", "Take a root back to what it was before a transaction", roll_back);
    rollback.add_option("--before", options->before, "the transaction's number; the last one by default");
    add_changing_options(rollback, options);
    rollback.set_example("cairn package rollback --root /mnt --before 3");

    add_root_command(group, options, "history", "Show what was done to a root's packages", show_history)
        .add_flag("--json", options->is_json, "print it as JSON")
        .set_example("cairn package history --root /mnt");
    add_root_command(group, options, "files", "List what an installed package has put into a root",
                     list_files)
        .add_required("package", options->name, "its name")
        .set_example("cairn package files --root /mnt zlib");
    add_root_command(group, options, "owns", "Say which installed package a path is from", show_owners)
        .add_required("path", options->path, "a path in the root")
        .set_example("cairn package owns --root /mnt /usr/lib/libz.so.1");
}

int list_root(const std::string& path, bool is_json) {
    const ManagedRoot root = ManagedRoot::open_to_read(path);
    if (is_json) {
        std::print("{}", format_json(rootfs::to_json(root.database())));
        return term::success;
    }
    for (const rootfs::PackageRecord& record : root.database().packages)
        std::println("{:<24} {:<16} {}", record.name, record.version, record.architecture);
    return term::success;
}

int verify_root(const std::string& path, const std::vector<std::string>& names) {
    const ManagedRoot root = ManagedRoot::open_to_read(path);
    std::vector<const VerifiedHead*> heads;
    for (const std::string& name : names) heads.push_back(&find_installed(root, name));
    if (names.empty())
        for (const VerifiedHead& head : root.installed()) heads.push_back(&head);
    std::size_t count = 0;
    for (const VerifiedHead* head : heads) count += head->head().files.entries.size();
    const auto owners = ::geteuid() == 0 ? package::Owners::exact : package::Owners::ours;
    const std::vector<rootfs::Deviation> deviations = rootfs::check_root(root.root(), heads, owners);
    for (const rootfs::Deviation& deviation : deviations)
        std::println("{}: '{}' {}", deviation.package, deviation.path, deviation.what);
    std::println(
        "packages: {}, entries: {}, {}", heads.size(), count,
        deviations.empty() ? "all as they were installed" : std::format("{} differ", deviations.size()));
    return deviations.empty() ? term::success : term::failure;
}

}  // namespace cairn::host
