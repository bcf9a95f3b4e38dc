#include "pkg/repo/publish.h"

#include <algorithm>
#include <format>
#include <map>
#include <set>

#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/crypto/hash.h"
#include "pkg/net/file_transport.h"
#include "pkg/package/reader.h"
#include "pkg/repo/image_targets.h"
#include "pkg/repo/promote.h"
#include "pkg/tuf/names.h"

namespace cairn::repo {
namespace {

namespace fs = std::filesystem;

Publication plan_package(Repository& repository, const std::string& channel, const fs::path& path,
                         const package::AllowedKeys& signers) {
    const package::PackageReader package = package::open_package(path, signers);
    const package::Identity& identity = package.identity();
    const std::string file = package::file_name(identity);
    const std::string sha256 = crypto::hash_file_sha256(path).to_hex();
    const PackagePlace place = place_in(repository, channel, identity.architecture, file);
    check_same_everywhere(repository, identity.architecture, file, sha256);
    return {.target = place.target,
            .role = place.role,
            .source = path,
            .text = {},
            .file = {.length = fs::file_size(path),
                     .hashes = {{"sha256", sha256}},
                     .custom = {{"name", identity.name},
                                {"version", identity.version},
                                {"architecture", identity.architecture},
                                {"license", identity.license},
                                {"summary", identity.summary},
                                {"depends", identity.depends}}}};
}

void put_target(const Repository& repository, const Publication& publication) {
    const fs::path place = target_file(repository, publication.target, publication.file);
    make_directories(place.parent_path());
    if (publication.source.empty()) return replace_file(place, publication.text);
    AtomicFile output(place);
    net::FileTransport().get({.url = "file://" + tuf::quote_path(fs::absolute(publication.source).string())},
                             [&](std::span<const std::uint8_t> bytes) { output.write(bytes); });
    output.commit();
    if (crypto::hash_file_sha256(place).to_hex() != publication.file.hashes.at("sha256"))
        throw VerifyError(std::format("'{}' changed while it was copied", publication.source.string()));
}

}  // namespace

fs::path target_file(const Repository& repository, const std::string& target,
                     const tuf::FileDescription& file) {
    const std::size_t name = target.rfind('/') + 1;  // npos + 1 is 0
    return repository.targets_path() / target.substr(0, name) /
           std::format("{}.{}", file.hashes.at("sha256"), target.substr(name));
}

PublishPlan plan_publish(Repository& repository, const PublishRequest& request,
                         const package::AllowedKeys& signers) {
    std::vector<Publication> publications;
    for (const fs::path& path : request.packages)
        publications.push_back(with_context(std::format("publishing '{}'", path.string()), [&] {
            return plan_package(repository, request.channel, path, signers);
        }));
    for (const ImageFolder& image : request.images)
        for (Publication& target : with_context(std::format("publishing '{}'", image.path.string()), [&] {
                 return plan_image(repository, image, request.allows_development_keys);
             }))
            publications.push_back(std::move(target));
    PublishPlan plan;
    std::map<std::string, tuf::FileDescription> seen;
    for (Publication& publication : publications) {
        tuf::check_target_name(publication.target);
        const auto& known = repository.targets(publication.role).targets;
        const auto refuse = [&](const tuf::FileDescription& published) {
            UsageError error(
                std::format("'{}' is published already, with other content", publication.target));
            error.detail("published sha256", published.hashes.at("sha256"))
                .detail("this sha256", publication.file.hashes.at("sha256"))
                .hint("what has a name and a version never changes: give it a new version");
            explain_other_image(repository, publication, published, error);
            throw error;
        };
        const auto twice = seen.try_emplace(publication.target, publication.file);
        if (!twice.second) {
            if (twice.first->second.hashes != publication.file.hashes) refuse(twice.first->second);
            continue;
        }
        const auto there = known.find(publication.target);
        if (there == known.end() ||
            (is_updates_file(publication.target) && there->second.hashes != publication.file.hashes)) {
            plan.added.push_back(std::move(publication));
            continue;
        }
        if (there->second.hashes != publication.file.hashes) refuse(there->second);
        plan.present.push_back(publication.target);
    }
    return plan;
}

CommitResult publish(Repository& repository, const PublishPlan& plan, const Signing& signing, tuf::Time now) {
    if (plan.added.empty() && plan.removed.empty()) return {};
    for (const Publication& publication : plan.added) put_target(repository, publication);
    for (const Publication& publication : plan.added)
        repository.change_targets(publication.role).targets[publication.target] = publication.file;
    for (const Removal& removal : plan.removed)
        repository.change_targets(removal.role).targets.erase(removal.target);
    return repository.commit(signing, now);
}

}  // namespace cairn::repo
