#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/repository.h"

/// What waits for signatures beside a repository.
namespace cairn::repo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view drop_hint = "--drop of 'cairn repo sign' gives up what waits";

}  // namespace

/// What it says of its signers is not believed: that is worked out anew.
void Repository::load_pending() {
    const auto text = find_file(pending_path());
    if (!text) return;
    with_context(std::format("reading what waits for signatures in '{}'", pending_path().string()), [&] {
        Change change = parse_change(*text, pending_path().filename().string());
        // Power failed between the last write of a change and the removal of this file.
        if (is_done(change)) {
            fs::remove(pending_path());
            return;
        }
        drop_overtaken(change);
        if (!change.roles.empty()) pending_ = std::move(change);
    });
}

bool Repository::is_done(const Change& change) const {
    return std::ranges::all_of(change.roles, [&](const ChangedRole& role) {
        return role.version == published_version(role.role) &&
               parse_json(published_text(role.role), role.role).at("signed") == role.signed_part;
    });
}

/// A snapshot and a timestamp that others have overtaken are made anew in the end.
void Repository::drop_overtaken(Change& change) const {
    const auto is_old = [&](const char* name) {
        const ChangedRole* const role = change.find(name);
        return role != nullptr && role->version <= published_version(name);
    };
    if (!is_old("snapshot") && !is_old("timestamp")) return;
    std::erase_if(change.roles, [](const ChangedRole& role) {
        return role.role == "snapshot" || role.role == "timestamp";
    });
}

void Repository::check_follows(const Change& change) const {
    for (const ChangedRole& role : change.roles) {
        const std::uint64_t known = published_version(role.role);
        if (role.version == known + 1) continue;
        throw UsageError(std::format("what waits for signatures does not follow on what is published: it has "
                                     "'{}' {}, and {} would be the next",
                                     role.role, role.version, known + 1))
            .hint(std::string(drop_hint));
    }
}

void Repository::check_free(const Change& change) const {
    if (!pending_) return;
    const auto refuse = [&] [[noreturn]] (const std::string& role) {
        throw UsageError(std::format("a change of '{}' waits for signatures already", role))
            .detail("file", pending_path().string())
            .hint("sign it first: cairn repo sign " + directory_.string() + "; " + std::string(drop_hint));
    };
    for (const ChangedRole& role : change.roles)
        if (pending_->find(role.role) != nullptr) refuse(role.role);
    if (pending_->find("timestamp") != nullptr) refuse("timestamp");
}

void Repository::store_pending(Change change) {
    if (pending_ && pending_->find(change.roles.front().role) == nullptr)
        throw UsageError("this needs signatures of others, and another change waits for some already")
            .detail("file", pending_path().string())
            .hint("sign it first: cairn repo sign " + directory_.string() + "; " + std::string(drop_hint));
    // Nothing in it is secret: it is what will be published. But no reader needs it.
    replace_file(pending_path(), format_change(change), 0600);
    load();
}

Change Repository::checked_pending() {
    if (!pending_) throw UsageError(std::format("nothing waits for signatures in '{}'", directory_.string()));
    Change change = *pending_;
    check_follows(change);
    add_signers(change);
    check_signatures(change);
    return change;
}

CommitResult Repository::sign_pending(const Signing& signing, tuf::Time now) {
    Change change = checked_pending();
    sign(change, signing);
    return settle(std::move(change), signing, now, {});
}

CommitResult Repository::finish_pending(const Signing& signing, tuf::Time now) {
    Change change = checked_pending();
    add_signatures(change, signing);
    return settle(std::move(change), signing, now, {});
}

std::size_t Repository::take(Change copy) {
    drop_overtaken(copy);
    check_follows(copy);
    add_signers(copy);
    check_signatures(copy);
    std::size_t count = 0;
    if (pending_) {
        add_signers(*pending_);
        count = take_signatures(*pending_, copy);
    } else {
        for (const ChangedRole& role : copy.roles) count += role.signatures.size();
        pending_ = std::move(copy);
    }
    replace_file(pending_path(), format_change(*pending_), 0600);
    return count;
}

void Repository::drop_pending() {
    fs::remove(pending_path());
    pending_.reset();
    if (trusted_ != nullptr) return;
    // Nothing was ever published: the directory is as before 'init'.
    for (const fs::path& path : {metadata_path(), targets_path(), directory_ / ".lock"}) {
        std::error_code not_empty;
        fs::remove(path, not_empty);
    }
}

}  // namespace cairn::repo
