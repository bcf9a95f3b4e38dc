#include "pkg/repo/maintain.h"

#include <algorithm>
#include <cstdlib>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/net/file_transport.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/payload_files.h"
#include "pkg/repo/publish.h"
#include "pkg/tuf/file_check.h"
#include "pkg/tuf/names.h"

namespace cairn::repo {
namespace {

/// In the last quarter of its life a role must be signed again.
bool is_due(Repository& repository, const std::string& role, const tuf::Head& head, tuf::Time now) {
    return head.expires - now < std::chrono::seconds(repository.lifetime(role)).count() / 4;
}

RoleStatus make_status(Repository& repository, const std::string& role, const tuf::Head& head,
                       tuf::Time now) {
    const tuf::RoleKeys& keys = repository.signers(role);
    return {.role = role,
            .version = head.version,
            .expires = head.expires,
            .threshold = keys.threshold,
            .keys = keys.key_ids.size(),
            .is_due = is_due(repository, role, head, now),
            .has_expired = head.expires <= now};
}

void check_target(const Repository& repository, const std::string& target, const tuf::FileDescription& file) {
    const std::filesystem::path place = target_file(repository, target, file);
    tuf::FileCheck check(file, std::format("target '{}'", target), *file.length);
    const net::Outcome outcome = net::FileTransport().get(
        {.url = "file://" + tuf::quote_path(std::filesystem::absolute(place).string())},
        [&](std::span<const std::uint8_t> bytes) { check.update(bytes); });
    if (outcome != net::Outcome::complete)
        throw VerifyError(std::format("target '{}' is listed, and its file is missing", target))
            .detail("file", place.string());
    check.finish();
}

void check_payload(const Repository& repository, const std::string& target,
                   const tuf::FileDescription& file) {
    with_context(std::format("checking the payload of '{}'", target), [&] {
        for (const PayloadFile& part : list_payload_files(read_json(target_file(repository, target, file))))
            check_payload_file(repository.targets_path(), part);
    });
}

}  // namespace

std::vector<RoleStatus> read_status(Repository& repository, tuf::Time now) {
    std::vector<RoleStatus> list{make_status(repository, "root", repository.root(), now),
                                 make_status(repository, "timestamp", repository.timestamp(), now),
                                 make_status(repository, "snapshot", repository.snapshot(), now)};
    std::optional<RoleStatus> first_bin;
    for (const std::string& role : repository.list_roles()) {
        RoleStatus status = make_status(repository, role, repository.targets(role), now);
        if (!is_bin(role))
            list.push_back(std::move(status));
        else if (!first_bin || status.expires < first_bin->expires)
            first_bin = std::move(status);
    }
    if (first_bin) list.push_back(*first_bin);
    return list;
}

std::string describe_expiry(tuf::Time expires, tuf::Time now) {
    const tuf::Time distance = std::abs(expires - now);
    const auto count = [&](tuf::Time unit, std::string_view name) {
        return std::format("{} {}{}", distance / unit, name, distance / unit == 1 ? "" : "s");
    };
    const std::string words = distance >= 86'400 ? count(86'400, "day")
                              : distance >= 3600 ? count(3600, "hour")
                                                 : count(60, "minute");
    return expires > now ? "in " + words : words + " ago";
}

RefreshResult refresh(Repository& repository, const Signing& signing, tuf::Time now,
                      const std::vector<std::string>& roles) {
    RefreshResult result{.renewed = {"timestamp", "snapshot"}, .left = {}, .commit = {}};
    const auto consider = [&](const std::string& role, const tuf::Head& head) {
        const bool is_wanted = std::ranges::contains(roles, role);
        if (!is_wanted && !is_due(repository, role, head, now)) return;
        const bool can_sign = is_wanted || signing.is_enough_for(repository.signers(role));
        (can_sign ? result.renewed : result.left).push_back(role);
    };
    for (const std::string& role : roles) repository.signers(role);  // throws for one that is not there
    for (const std::string& role : repository.list_roles()) consider(role, repository.targets(role));
    consider("root", repository.root());
    for (const std::string& role : result.renewed) repository.renew(role);
    result.commit = repository.commit(signing, now);
    return result;
}

void export_copy(const Repository& repository, const std::filesystem::path& place, const Signing& signing,
                 std::chrono::days lifetime, tuf::Time now) {
    namespace fs = std::filesystem;
    const fs::path target = fs::absolute(place / "").lexically_normal().parent_path();
    if (fs::exists(target))
        throw UsageError(std::format("'{}' is there already", target.string()))
            .hint("a copy gets a new directory");
    make_directories(target.parent_path());
    // Beside it first: the copy is whole or not there.
    TemporaryDirectory copy(target.parent_path(), ".cairn-export");
    fs::permissions(copy.path(), fs::perms(0755));
    for (const std::string_view folder : {metadata_folder, targets_folder})
        fs::copy(repository.path() / folder, copy.path() / folder, fs::copy_options::recursive);
    Repository opened = Repository::open(copy.path());
    opened.renew("snapshot");
    if (fs::exists(repository.path() / "index.html"))
        fs::copy_file(repository.path() / "index.html", copy.path() / "index.html");
    const CommitResult result = opened.commit(signing, now, lifetime);
    if (!result.is_effective())
        throw UsageError(std::format("the copy needs {} signatures of '{}', and only {} of its keys are here",
                                     result.missing.front().threshold, result.missing.front().role,
                                     result.missing.front().count))
            .hint("--keys names a further directory with keys");
    fs::remove(copy.path() / ".lock");
    fs::rename(copy.path(), target);
    copy.release();
}

VerifyResult verify(Repository& repository) {
    VerifyResult result{.roles = 3};
    for (const std::string& role : repository.list_roles()) {
        const tuf::Targets& targets = repository.targets(role);
        ++result.roles;
        for (const auto& [name, file] : targets.targets) {
            check_target(repository, name, file);
            if (role == images_role && name.ends_with("/image.json")) check_payload(repository, name, file);
            ++result.targets;
            result.bytes += *file.length;
        }
    }
    return result;
}

}  // namespace cairn::repo
