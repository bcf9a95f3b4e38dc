#include "pkg/repo/promote.h"

#include <fnmatch.h>

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/repo/delegate.h"
#include "pkg/repo/layout.h"
#include "pkg/tuf/names.h"

namespace cairn::repo {
namespace {

struct Listed {
    PackagePlace place;
    std::string architecture;
    std::string file_name;
    tuf::FileDescription file;
};

std::string name_under(std::string_view folder, const std::string& architecture, const std::string& file) {
    return std::format("{}/{}/{}", folder, architecture, file);
}

/// All packages that a channel lists.
std::vector<Listed> list_packages(Repository& repository, const std::string& channel) {
    std::vector<std::string> roles;
    if (channel == packages_role)
        for (unsigned bin = 0; bin < bin_count; ++bin) roles.push_back(bin_name(bin));
    else
        roles.push_back(find_channel(repository, channel).name);
    std::vector<Listed> list;
    for (const std::string& role : roles)
        for (const auto& [target, file] : repository.targets(role).targets) {
            const std::vector<std::string> parts = split(target, '/');
            if (parts.size() == 3)
                list.push_back({.place = {.target = target, .role = role},
                                .architecture = parts[1],
                                .file_name = parts[2],
                                .file = file});
        }
    return list;
}

std::vector<Listed> find_matching(const std::vector<Listed>& all, const std::string& pattern,
                                  const std::string& channel) {
    std::vector<Listed> found;
    std::ranges::copy_if(all, std::back_inserter(found), [&](const Listed& listed) {
        return fnmatch(pattern.c_str(), listed.file_name.c_str(), FNM_NOESCAPE) == 0;
    });
    if (!found.empty()) return found;
    std::vector<std::string> names;
    for (const Listed& listed : all) names.push_back(listed.file_name);
    UsageError error(std::format("channel '{}' has no package '{}'", channel, pattern));
    if (const auto nearest = find_nearest(pattern, names))
        error.hint(std::format("did you mean '{}'?", *nearest));
    throw error;
}

}  // namespace

PackagePlace place_in(Repository& repository, const std::string& channel, const std::string& architecture,
                      const std::string& file) {
    if (channel == packages_role) {
        const std::string target = name_under(packages_role, architecture, file);
        return {.target = target, .role = bin_of_target(target)};
    }
    const tuf::Delegation& delegation = find_channel(repository, channel);
    const std::string own = name_under(channel, architecture, file);
    for (const std::string& target : {own, name_under(packages_role, architecture, file)})
        if (tuf::covers(delegation, target)) return {.target = target, .role = channel};
    throw UsageError(std::format("channel '{}' may not list '{}'", channel, own))
        .detail("its paths", join(delegation.paths, ", "))
        .hint("'cairn repo delegate' gives it others with --paths");
}

void check_same_everywhere(Repository& repository, const std::string& architecture, const std::string& file,
                           const std::string& sha256) {
    std::vector<PackagePlace> places;
    const std::string main = name_under(packages_role, architecture, file);
    places.push_back({.target = main, .role = bin_of_target(main)});
    for (const std::string& channel : list_channels(repository)) {
        places.push_back({.target = name_under(channel, architecture, file), .role = channel});
        places.push_back({.target = main, .role = channel});
    }
    for (const PackagePlace& place : places) {
        const auto& targets = repository.targets(place.role).targets;
        const auto there = targets.find(place.target);
        if (there == targets.end() || there->second.hashes.at("sha256") == sha256) continue;
        throw UsageError(std::format("'{}' is published already, with other content", place.target))
            .detail("published sha256", there->second.hashes.at("sha256"))
            .detail("this sha256", sha256)
            .hint("what has a name and a version never changes: give it a new version");
    }
}

PublishPlan plan_promotion(Repository& repository, const PromoteRequest& request) {
    if (request.from == request.to)
        throw UsageError(std::format("'{}' is where these packages are", request.from));
    const std::vector<Listed> all = list_packages(repository, request.from);
    PublishPlan plan;
    for (const std::string& pattern : request.names)
        for (const Listed& listed : find_matching(all, pattern, request.from)) {
            const PackagePlace place =
                place_in(repository, request.to, listed.architecture, listed.file_name);
            check_same_everywhere(repository, listed.architecture, listed.file_name,
                                  listed.file.hashes.at("sha256"));
            if (request.is_move)
                plan.removed.push_back({.target = listed.place.target, .role = listed.place.role});
            if (repository.targets(place.role).targets.contains(place.target))
                plan.present.push_back(place.target);
            else
                plan.added.push_back({.target = place.target,
                                      .role = place.role,
                                      .source = target_file(repository, listed.place.target, listed.file),
                                      .text = {},
                                      .file = listed.file});
        }
    return plan;
}

}  // namespace cairn::repo
