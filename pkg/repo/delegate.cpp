#include "pkg/repo/delegate.h"

#include <fnmatch.h>

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/repo/layout.h"
#include "pkg/tuf/names.h"

namespace cairn::repo {
namespace {

bool is_of_the_repository(const std::string& role) {
    return role == images_role || role == packages_role || is_bin(role);
}

void check_channel_name(const std::string& channel) {
    const bool is_fine =
        !channel.empty() && channel.size() <= 64 && channel[0] >= 'a' && channel[0] <= 'z' &&
        channel.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!is_fine)
        throw UsageError(std::format("'{}' is no name of a channel", channel))
            .hint("small letters, digits and '-', for example testing");
    static const std::vector<std::string> taken = {"root", "timestamp", "snapshot", "targets"};
    if (is_of_the_repository(channel) || std::ranges::contains(taken, channel))
        throw UsageError(std::format("'{}' is a role of every repository, and no channel", channel))
            .hint("'cairn repo rotate' changes its keys");
}

void check_path(const std::string& path) {
    const std::vector<std::string> parts = split(path, '/');
    const bool is_plain = std::ranges::none_of(parts, [](const std::string& part) {
        return part.empty() || part == "." || part == ".." || part.contains("**");
    });
    if (!is_plain || parts.size() < 2)
        throw UsageError(std::format("'{}' is no pattern of target names", path))
            .hint("folders and a file, '*' and '?' within one of them: testing/*/*");
    if (fnmatch(parts[0].c_str(), std::string(images_role).c_str(), FNM_NOESCAPE) == 0)
        throw UsageError(std::format("'{}' would take in images, which a role of their own signs", path));
}

/// Readers would find them no longer, although they are listed.
void check_keeps_targets(const tuf::Delegation& delegation, const tuf::Targets& targets) {
    for (const auto& [target, file] : targets.targets)
        if (!tuf::covers(delegation, target))
            throw UsageError(std::format("channel '{}' lists '{}', which would be outside of its paths",
                                         delegation.name, target))
                .detail("its paths", join(delegation.paths, ", "))
                .hint("'cairn repo publish --from' with --move takes it to another channel first");
}

/// Before those that every repository has: these end the search for the names that they cover.
tuf::Delegation& add_channel(tuf::Delegations& delegations, const std::string& channel) {
    const auto place = std::ranges::find_if(
        delegations.roles, [](const tuf::Delegation& role) { return is_of_the_repository(role.name); });
    return *delegations.roles.insert(place,
                                     {.name = channel, .is_terminating = true, .paths = {channel + "/*/*"}});
}

}  // namespace

std::vector<std::string> list_channels(Repository& repository) {
    std::vector<std::string> channels;
    for (const tuf::Delegation& role : repository.targets("targets").delegations->roles)
        if (!is_of_the_repository(role.name)) channels.push_back(role.name);
    return channels;
}

const tuf::Delegation& find_channel(Repository& repository, const std::string& channel) {
    const auto& roles = repository.targets("targets").delegations->roles;
    const auto found = std::ranges::find(roles, channel, &tuf::Delegation::name);
    if (found != roles.end() && !is_of_the_repository(channel)) return *found;
    UsageError error(std::format("the repository has no channel '{}'", channel));
    const std::vector<std::string> channels = list_channels(repository);
    if (const auto nearest = find_nearest(channel, channels))
        error.hint(std::format("did you mean '{}'?", *nearest));
    else
        error.hint(
            std::format("make it with: cairn repo delegate {} {}", repository.path().string(), channel));
    throw error;
}

CommitResult delegate(Repository& repository, const std::string& channel, const ChannelRequest& request,
                      const Signing& signing, tuf::Time now) {
    check_channel_name(channel);
    for (const std::string& path : request.paths) check_path(path);
    tuf::Delegations& delegations = *repository.change_targets("targets").delegations;
    auto known = std::ranges::find(delegations.roles, channel, &tuf::Delegation::name);
    const bool is_new = known == delegations.roles.end();
    tuf::Delegation& delegation = is_new ? add_channel(delegations, channel) : *known;
    const SignerChange signers{
        .replacement = request.keys, .added = {}, .removed = {}, .threshold = request.threshold};
    delegation.keys = apply(signers, channel, delegation.keys, delegations.keys);
    if (!request.paths.empty()) delegation.paths = request.paths;
    if (!is_new) check_keeps_targets(delegation, repository.targets(channel));
    if (request.is_terminating) delegation.is_terminating = *request.is_terminating;
    if (request.lifetime) delegation.days = static_cast<std::uint64_t>(request.lifetime->count());
    drop_unused_keys(delegations);
    if (is_new)
        repository.add_role(channel);
    else if (!signers.is_empty() || request.lifetime)
        repository.renew(channel);
    return repository.commit(signing, now);
}

CommitResult remove_channel(Repository& repository, const std::string& channel, const Signing& signing,
                            tuf::Time now) {
    find_channel(repository, channel);
    tuf::Delegations& delegations = *repository.change_targets("targets").delegations;
    std::erase_if(delegations.roles, [&](const tuf::Delegation& role) { return role.name == channel; });
    drop_unused_keys(delegations);
    return repository.commit(signing, now);
}

}  // namespace cairn::repo
