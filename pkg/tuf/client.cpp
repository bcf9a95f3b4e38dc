#include "pkg/tuf/client.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <exception>
#include <format>
#include <set>

#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/net/file_transport.h"
#include "pkg/tuf/fetch.h"
#include "pkg/tuf/file_check.h"
#include "pkg/tuf/names.h"

namespace cairn::tuf {
namespace {

namespace fs = std::filesystem;

/// The directory itself is locked: it holds nothing but what was received.
Fd lock_directory(const fs::path& directory) {
    if (!fs::is_directory(directory))
        throw Error(std::format("there is no trusted metadata in '{}'", directory.string()))
            .hint("begin with: cairn repo client init ROOT.json --state DIR");
    Fd lock = open_file(directory, O_RDONLY | O_DIRECTORY);
    while (flock(lock.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw SystemError(std::format("cannot lock '{}'", directory.string()));
    return lock;
}

std::string read_trusted_root(const fs::path& state, std::uint64_t limit) {
    if (auto text = find_file(state / "root.json", limit)) return *std::move(text);
    throw Error(std::format("there is no trusted root in '{}'", state.string()))
        .hint("begin with: cairn repo client init ROOT.json --state DIR");
}

/// With consistent snapshots a target's file has its hash in front of its name.
std::string target_path(const std::string& name, const FileDescription& file, bool is_consistent) {
    return quote_path(is_consistent ? consistent_name(name, file) : name);
}

bool is_there(const fs::path& place, const FileDescription& file) {
    if (!fs::is_regular_file(place) || file.length != fs::file_size(place)) return false;
    try {
        FileCheck check(file, "file", *file.length);
        net::FileTransport().get({.url = "file://" + quote_path(fs::absolute(place).string())},
                                 [&](std::span<const std::uint8_t> bytes) { check.update(bytes); });
        check.finish();
        return true;
    } catch (const VerifyError&) {
        return false;
    }
}

/// The roles that a role delegates this target to, in order of preference.
struct Responsible {
    std::vector<std::string> roles;
    bool ends_search = false;
};

Responsible find_responsible(const Targets& targets, const std::string& name) {
    Responsible responsible;
    if (!targets.delegations) return responsible;
    if (const auto& bins = targets.delegations->bins) return {{bin_of(*bins, name)}, true};
    for (const Delegation& role : targets.delegations->roles) {
        if (!covers(role, name)) continue;
        responsible.roles.push_back(role.name);
        if (!role.is_terminating) continue;
        responsible.ends_search = true;
        break;
    }
    return responsible;
}

}  // namespace

void Client::init(std::string_view root_text, const fs::path& state) {
    const TrustedMetadata checked(root_text, 0);
    make_directories(state);
    const Fd lock = lock_directory(state);
    const auto known = find_file(state / "root.json", ClientLimits().root);
    if (known && *known != root_text)
        throw Error(std::format("'{}' has another trusted root already", state.string()))
            .hint(
                "to trust this one instead, remove the directory first; what was known of versions goes with "
                "it");
    if (!known) replace_file(state / "root.json", root_text);
}

Client::Client(ClientOptions options, net::Transport& transport)
    : options_(std::move(options)),
      transport_(transport),
      lock_(lock_directory(options_.state)),
      trusted_(read_trusted_root(options_.state, options_.limits.root), options_.now) {}

std::optional<std::string> Client::find_state(std::string_view role, std::uint64_t limit) const {
    try {
        return find_file(options_.state / metadata_file_name(role, std::nullopt), limit);
    } catch (const SystemError&) {
        throw;
    } catch (const Error&) {
        return std::nullopt;  // larger than it may be: not ours, and worth nothing
    }
}

void Client::persist(std::string_view role, std::string_view text) const {
    replace_file(options_.state / metadata_file_name(role, std::nullopt), text);
}

/// From the first mirror whose file is accepted. False when a mirror says that there is no such file, and no
/// other has one that is accepted: a mirror that is gone or lies holds nothing up. Else the first reason is
/// thrown; when the file is required, also over one that does not have it.
bool Client::fetch_metadata(const std::string& file, std::uint64_t limit, Need need, const Accept& accept) {
    std::exception_ptr refusal;
    bool is_missing = false;
    for (const std::string& mirror : options_.metadata_mirrors) {
        const std::string url = join_address(mirror, file);
        try {
            const auto text = find_metadata(transport_, url, limit, options_.limits.metadata_time);
            if (!text) {
                is_missing = true;
                continue;
            }
            with_context(std::format("reading '{}'", url), [&] { accept(*text); });
            return true;
        } catch (const SystemError&) {
            throw;  // of this machine, not of the mirror
        } catch (const Error&) {
            if (!refusal) refusal = std::current_exception();
        }
    }
    if (refusal && (need == Need::required || !is_missing)) std::rethrow_exception(refusal);
    return false;
}

void Client::require_metadata(const std::string& file, std::uint64_t limit, const Accept& accept) {
    if (fetch_metadata(file, limit, Need::required, accept)) return;
    throw NetworkError(std::format("the repository has no '{}'", file))
        .detail("address", options_.metadata_mirrors.empty() ? "none" : options_.metadata_mirrors.front())
        .hint("is this the address of a repository's metadata?");
}

std::optional<std::uint64_t> Client::file_version(std::uint64_t version) const {
    return trusted_.root().has_consistent_snapshots ? std::optional(version) : std::nullopt;
}

void Client::refresh() {
    refresh_root();
    refresh_timestamp();
    refresh_snapshot();
    load_targets("targets", "root");
}

void Client::refresh_root() {
    for (unsigned count = 0;; ++count) {
        if (count == options_.limits.roots)
            throw VerifyError(std::format("cannot trust the repository: it has more than {} new roots",
                                          options_.limits.roots));
        const std::string file = metadata_file_name("root", trusted_.root().version + 1);
        const bool has_more =
            fetch_metadata(file, options_.limits.root, Need::optional, [&](const std::string& text) {
                const bool is_rotated = trusted_.update_root(text);
                // Power may fail between any two: without timestamp and snapshot the old root is still right,
                // and the new root never stands beside what keys that it took away have signed.
                if (is_rotated) {
                    fs::remove(options_.state / "timestamp.json");
                    fs::remove(options_.state / "snapshot.json");
                    sync_fd(lock_.get(), options_.state.string());
                }
                // Kept under its number too: who verifies this state from an older root needs each of them.
                persist(std::format("{}.root", trusted_.root().version), text);
                persist("root", text);
            });
        if (!has_more) break;
    }
    trusted_.finish_root();
}

void Client::refresh_timestamp() {
    if (const auto old = find_state("timestamp", options_.limits.timestamp))
        trusted_.load_old_timestamp(*old);
    require_metadata("timestamp.json", options_.limits.timestamp, [&](const std::string& text) {
        if (trusted_.update_timestamp(text)) persist("timestamp", text);
        trusted_.finish_timestamp();
    });
}

void Client::refresh_snapshot() {
    const auto old = find_state("snapshot", options_.limits.snapshot);
    if (old && trusted_.load_old_snapshot(*old)) {
        try {
            return trusted_.update_snapshot(*old);  // the one that the timestamp means is here
        } catch (const VerifyError&) {
        }
    }
    const FileDescription& file = trusted_.timestamp()->snapshot;
    require_metadata(metadata_file_name("snapshot", file_version(file.version)), options_.limits.snapshot,
                     [&](const std::string& text) {
                         trusted_.update_snapshot(text);
                         persist("snapshot", text);
                     });
}

void Client::load_targets(const std::string& role, const std::string& parent) {
    const FileDescription& file = trusted_.listed(role);
    if (const auto old = find_state(role, options_.limits.targets)) {
        try {
            return trusted_.update_targets(*old, role, parent);
        } catch (const Error&) {  // an older version, or of other keys
        }
    }
    require_metadata(metadata_file_name(role, file_version(file.version)), options_.limits.targets,
                     [&](const std::string& text) {
                         trusted_.update_targets(text, role, parent);
                         persist(role, text);
                     });
}

std::optional<FileDescription> Client::find_target(const std::string& name) {
    struct Step {
        std::string role;
        std::string parent;
    };
    std::vector<Step> open{{"targets", "root"}};
    std::set<std::string> seen;
    while (!open.empty()) {
        const Step step = std::move(open.back());
        open.pop_back();
        if (!seen.insert(step.role).second) continue;  // delegations may go in circles
        if (seen.size() > options_.limits.delegations)
            throw VerifyError(
                std::format("cannot find target '{}': more than {} roles would have to be asked", name,
                            options_.limits.delegations));
        if (step.role != "targets") load_targets(step.role, step.parent);
        const Targets& targets = *trusted_.find_targets(step.role);
        if (const auto found = targets.targets.find(name); found != targets.targets.end())
            return found->second;
        const Responsible responsible = find_responsible(targets, name);
        if (responsible.ends_search) open.clear();
        for (auto role = responsible.roles.rbegin(); role != responsible.roles.rend(); ++role)
            open.push_back({*role, step.role});
    }
    return std::nullopt;
}

void Client::fetch_target(const std::string& name, const FileDescription& file, const std::string& mirror,
                          const fs::path& place, const Progress& progress) {
    const std::string path = target_path(name, file, trusted_.root().has_consistent_snapshots);
    net::Request request{.url = join_address(mirror, path), .limit = *file.length + 1};
    if (progress)
        request.progress = [&](std::uint64_t done, std::optional<std::uint64_t>) {
            progress(done, *file.length);
        };
    AtomicFile output(place);
    FileCheck check(file, std::format("target '{}'", name), options_.limits.target);
    const net::Outcome outcome = transport_.get(request, [&](std::span<const std::uint8_t> bytes) {
        check.update(bytes);
        output.write(bytes);
    });
    if (outcome != net::Outcome::complete)
        throw NetworkError(std::format("cannot fetch '{}': there is no such file", request.url));
    check.finish();
    output.commit();
}

fs::path Client::download(const std::string& name, const std::vector<std::string>& mirrors,
                          const fs::path& output, const Progress& progress) {
    check_target_name(name);
    const auto file = find_target(name);
    if (!file) throw Error(std::format("the repository has no target '{}'", name));
    const fs::path place = output / name;
    make_directories(place.parent_path());
    if (is_there(place, *file)) return place;
    std::exception_ptr failure;
    for (const std::string& mirror : mirrors) {
        try {
            with_context(std::format("fetching target '{}' from '{}'", name, mirror),
                         [&] { fetch_target(name, *file, mirror, place, progress); });
            return place;
        } catch (const SystemError&) {
            throw;
        } catch (const Error&) {
            if (!failure) failure = std::current_exception();
        }
    }
    if (failure) std::rethrow_exception(failure);
    throw UsageError("no address for targets was given");
}

}  // namespace cairn::tuf
