#include "pkg/repo/mirror.h"

#include <deque>
#include <format>
#include <set>
#include <vector>

#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/payload_files.h"
#include "pkg/tuf/client.h"
#include "pkg/tuf/fetch.h"
#include "pkg/tuf/file_check.h"
#include "pkg/tuf/names.h"
#include "pkg/tuf/trusted.h"

namespace cairn::repo {
namespace {

namespace fs = std::filesystem;

void make_place(const fs::path& directory) {
    const bool is_other =
        fs::exists(directory) && !fs::is_directory(directory / metadata_folder) && !fs::is_empty(directory);
    if (is_other)
        throw UsageError(std::format("'{}' is neither empty nor a repository", directory.string()))
            .hint("a mirror gets a directory of its own");
    make_directories(directory / metadata_folder);
    make_directories(directory / targets_folder);
}

/// On disk there is no percent-encoding: servers take it away.
std::string role_file(const std::string& role, std::uint64_t version) {
    if (role.contains('/') || role.contains('\0'))
        throw Error(std::format("role '{}' has a name that no file can have", role));
    return std::format("{}.{}.json", version, role);
}

class Mirroring {
  public:
    Mirroring(const MirrorRequest& request, net::Transport& transport)
        : request_(request), transport_(transport), metadata_(request.directory / metadata_folder) {}

    void follow_roots();
    void take_timestamp();
    void take_snapshot();
    void take_roles();
    void fetch_targets();
    void fetch_payloads();
    void write_metadata() const;
    MirrorResult result() const { return result_; }

  private:
    struct NewFile {
        std::string name;
        std::string text;
    };
    tuf::TrustedMetadata& trusted() { return *trusted_; }
    std::optional<std::string> find_here(const std::string& file, std::uint64_t limit) const {
        return find_file(metadata_ / file, limit);
    }
    std::optional<std::string> find_there(const std::string& file, std::uint64_t limit) const;
    std::string fetch(const std::string& file, std::uint64_t limit) const;
    void begin_with_first_root();
    void check_is_trusted(std::uint64_t version, const std::string& text);
    void take_role(const std::string& role, const std::string& parent);
    void fetch_payload_file(const PayloadFile& file);
    void fetch_target(const std::string& name, const tuf::FileDescription& file, const fs::path& place);

    const MirrorRequest& request_;
    net::Transport& transport_;
    fs::path metadata_;
    tuf::ClientLimits limits_;
    std::optional<tuf::TrustedMetadata> trusted_;
    bool has_met_trusted_root_ = false;
    bool has_other_online_keys_ = false;
    std::vector<NewFile> roots_;
    std::vector<NewFile> others_;  // roles, then the snapshot
    std::optional<std::string> timestamp_;
    std::vector<std::string> roles_;
    MirrorResult result_;
};

std::optional<std::string> Mirroring::find_there(const std::string& file, std::uint64_t limit) const {
    return tuf::find_metadata(transport_, tuf::join_address(request_.metadata_url, file), limit,
                              limits_.metadata_time);
}

std::string Mirroring::fetch(const std::string& file, std::uint64_t limit) const {
    if (auto text = find_there(file, limit)) return *std::move(text);
    throw NetworkError(std::format("the repository has no '{}'", file))
        .detail("address", request_.metadata_url)
        .hint("is this the address of a repository?");
}

/// The chain of roots from the first on must lead over the trusted one: the first itself is only fetched.
void Mirroring::check_is_trusted(std::uint64_t version, const std::string& text) {
    if (!request_.trusted_root) return;
    const tuf::Envelope wanted = tuf::parse_envelope(*request_.trusted_root, "the trusted root");
    if (tuf::parse_root(wanted.signed_part).version != version) return;
    if (tuf::parse_envelope(text, "root").signed_bytes != wanted.signed_bytes)
        throw VerifyError(std::format("cannot trust 'root' {}: it is not the one that is trusted", version))
            .hint("this is a repository of others, or somebody holds another one back");
    has_met_trusted_root_ = true;
}

void Mirroring::begin_with_first_root() {
    const std::string file = role_file("root", 1);
    auto text = find_here(file, limits_.root);
    if (!text) {
        if (!request_.trusted_root)
            throw UsageError("whose repository is it to be?")
                .hint("--root names a root.json that you received by a way that you trust");
        text = fetch(file, limits_.root);
        roots_.push_back({.name = file, .text = *text});
    }
    trusted_.emplace(*text, request_.now);
    if (trusted().root().version != 1)
        throw VerifyError(std::format("cannot trust '{}': it is root {}", file, trusted().root().version));
    check_is_trusted(1, *text);
}

void Mirroring::follow_roots() {
    begin_with_first_root();
    while (true) {
        const std::uint64_t version = trusted().root().version + 1;
        if (roots_.size() > limits_.roots)
            throw VerifyError(
                std::format("cannot trust the repository: it has more than {} new roots", limits_.roots));
        const std::string file = role_file("root", version);
        const auto here = find_here(file, limits_.root);
        const auto text = here ? here : find_there(file, limits_.root);
        if (!text) break;
        with_context(std::format("reading '{}'", file), [&] {
            const bool is_rotated = trusted().update_root(*text);
            has_other_online_keys_ = has_other_online_keys_ || (is_rotated && !here);
            check_is_trusted(version, *text);
        });
        if (!here) roots_.push_back({.name = file, .text = *text});
    }
    if (request_.trusted_root && !has_met_trusted_root_)
        throw VerifyError("cannot trust the repository: its roots do not lead to the one that is trusted")
            .detail("its newest", std::to_string(trusted().root().version));
    trusted().finish_root();
    if (!trusted().root().has_consistent_snapshots)
        throw Error("cannot mirror a repository without consistent snapshots")
            .hint("its files change in place: readers of a copy would see a mix of old and new");
    result_.root = trusted().root().version;
}

/// What the copy has is what was known: nothing goes back behind it, unless new keys say so (specification,
/// section 5.3.11).
void Mirroring::take_timestamp() {
    const auto here = find_here("timestamp.json", limits_.timestamp);
    if (here && !has_other_online_keys_ && trusted().load_old_timestamp(*here)) {
        const std::string snapshot = role_file("snapshot", trusted().timestamp()->snapshot.version);
        if (const auto old = find_here(snapshot, limits_.snapshot)) trusted().load_old_snapshot(*old);
    }
    const std::string text = fetch("timestamp.json", limits_.timestamp);
    if (trusted().update_timestamp(text)) timestamp_ = text;
    trusted().finish_timestamp();
    result_.timestamp = trusted().timestamp()->version;
}

void Mirroring::take_snapshot() {
    const std::string file = role_file("snapshot", trusted().timestamp()->snapshot.version);
    const std::string text = fetch(file, limits_.snapshot);
    with_context(std::format("reading '{}'", file), [&] { trusted().update_snapshot(text); });
    others_.push_back({.name = file, .text = text});
    result_.snapshot = trusted().snapshot()->version;
    result_.has_packages = trusted().snapshot()->files.contains(std::format("{}.json", packages_role));
}

void Mirroring::take_role(const std::string& role, const std::string& parent) {
    const std::string file = role_file(role, trusted().listed(role).version);
    if (const auto here = find_here(file, limits_.targets)) {
        try {
            return trusted().update_targets(*here, role, parent);
        } catch (const Error&) {  // damaged here: as if it were not there
        }
    }
    const std::string text = fetch(tuf::quote_path(file), limits_.targets);
    with_context(std::format("reading '{}'", file), [&] { trusted().update_targets(text, role, parent); });
    others_.push_back({.name = file, .text = text});
}

/// All that "targets" leads to. The snapshot lists each of them, so there is an end.
void Mirroring::take_roles() {
    struct Step {
        std::string role;
        std::string parent;
    };
    std::deque<Step> open{{"targets", "root"}};
    std::set<std::string> seen;
    for (; !open.empty(); open.pop_front()) {
        const Step step = open.front();
        if (!seen.insert(step.role).second) continue;  // delegations may go in circles
        take_role(step.role, step.parent);
        roles_.push_back(step.role);
        const auto& delegations = trusted().find_targets(step.role)->delegations;
        if (!delegations) continue;
        for (const tuf::Delegation& role : delegations->roles) open.push_back({role.name, step.role});
        if (delegations->bins)
            for (const std::string& bin : list_bins(*delegations->bins, trusted().snapshot()->files))
                open.push_back({bin, step.role});
    }
    result_.roles = roles_.size();
}

void Mirroring::fetch_target(const std::string& name, const tuf::FileDescription& file,
                             const fs::path& place) {
    if (request_.on_target) request_.on_target(name, *file.length);
    make_directories(place.parent_path());
    const std::string url =
        tuf::join_address(request_.targets_url, tuf::quote_path(consistent_name(name, file)));
    AtomicFile output(place);
    tuf::FileCheck check(file, std::format("target '{}'", name), *file.length);
    const net::Outcome outcome =
        transport_.get({.url = url, .limit = *file.length + 1}, [&](std::span<const std::uint8_t> bytes) {
            check.update(bytes);
            output.write(bytes);
        });
    if (outcome != net::Outcome::complete)
        throw NetworkError(std::format("cannot fetch '{}': there is no such file", url));
    check.finish();
    output.commit();
    ++result_.fetched_targets;
    result_.fetched_bytes += *file.length;
}

void Mirroring::fetch_targets() {
    for (const std::string& role : roles_)
        for (const auto& [name, file] : trusted().find_targets(role)->targets) {
            tuf::check_target_name(name);
            ++result_.targets;
            const fs::path place = request_.directory / targets_folder / consistent_name(name, file);
            if (fs::is_regular_file(place) && fs::file_size(place) == *file.length) continue;
            with_context(std::format("fetching target '{}'", name), [&] { fetch_target(name, file, place); });
        }
}

void Mirroring::fetch_payload_file(const PayloadFile& file) {
    const fs::path place = request_.directory / targets_folder / file.name;
    if (fs::is_regular_file(place) && fs::file_size(place) == file.size) return;
    if (request_.on_target) request_.on_target(file.name, file.size);
    make_directories(place.parent_path());
    const std::string url = tuf::join_address(request_.targets_url, tuf::quote_path(file.name));
    AtomicFile output(place);
    const net::Outcome outcome = transport_.get(
        {.url = url, .limit = file.size}, [&](std::span<const std::uint8_t> bytes) { output.write(bytes); });
    if (outcome != net::Outcome::complete)
        throw NetworkError(std::format("cannot fetch '{}': there is no such file", url));
    output.commit();
    check_payload_file(request_.directory / targets_folder, file);
    result_.fetched_bytes += file.size;
}

/// Of the images whose image.json is here now.
void Mirroring::fetch_payloads() {
    const tuf::Targets* images = trusted().find_targets(std::string(images_role));
    if (images == nullptr) return;
    for (const auto& [name, file] : images->targets) {
        if (!name.ends_with("/image.json")) continue;
        const Json image = read_json(request_.directory / targets_folder / consistent_name(name, file));
        with_context(std::format("fetching the payload of '{}'", name), [&] {
            for (const PayloadFile& part : list_payload_files(image)) fetch_payload_file(part);
        });
    }
}

/// As a publish writes them (see Repository::write): until the timestamp is replaced, readers follow the old
/// one to files that are all there still. The first root of all makes it a repository, so it comes last.
void Mirroring::write_metadata() const {
    const auto write = [&](const NewFile& file) { replace_file(metadata_ / file.name, file.text); };
    const bool is_new = !roots_.empty() && roots_.front().name == role_file("root", 1);
    for (const NewFile& file : others_) write(file);
    for (std::size_t index = is_new ? 1 : 0; index < roots_.size(); ++index) write(roots_[index]);
    if (timestamp_) write({.name = "timestamp.json", .text = *timestamp_});
    if (is_new) write(roots_.front());
}

}  // namespace

MirrorResult mirror(const MirrorRequest& request, net::Transport& transport) {
    make_place(request.directory);
    const FileLock lock(request.directory / ".lock", FileLock::Mode::exclusive);
    Mirroring mirroring(request, transport);
    mirroring.follow_roots();
    mirroring.take_timestamp();
    mirroring.take_snapshot();
    mirroring.take_roles();
    mirroring.fetch_targets();
    mirroring.fetch_payloads();
    mirroring.write_metadata();
    return mirroring.result();
}

}  // namespace cairn::repo
