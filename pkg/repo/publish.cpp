#include "pkg/repo/publish.h"

#include <algorithm>
#include <format>
#include <map>
#include <set>

#include "pkg/base/atomic_file.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"
#include "pkg/net/file_transport.h"
#include "pkg/package/reader.h"
#include "pkg/package/relation.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/payload_files.h"
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

Publication plan_text(const std::string& target, const std::string& text) {
    return {.target = target,
            .role = std::string(images_role),
            .source = {},
            .text = text,
            .file = {.length = text.size(), .hashes = {{"sha256", crypto::hash_sha256(text).to_hex()}}}};
}

/// What a device must know of an image before it takes it (architecture: root hash, sizes, the boot file's
/// hash).
Json describe_image(const Json& manifest, const std::string& boot_file, const Json& payload) {
    const Json& files = manifest.at("files");
    Json image{{"format", 1},
               {"name", manifest.at("name")},
               {"version", manifest.at("version")},
               {"architecture", manifest.at("architecture")},
               {"date", manifest.at("date")},
               {"development_keys", manifest.at("development_keys")},
               {"root_hash", manifest.at("root_hash")},
               {"root_size", manifest.at("root_size")},
               {"verity_size", manifest.at("verity_size")},
               {"boot_file", {{"name", boot_file}, {"sha256", files.at(boot_file)}}},
               {"packages", manifest.at("packages")}};
    if (!payload.is_null()) image["payload"] = payload;
    return image;
}

/// updates.json with this version in it; what it says of the others stays.
std::string add_version(Repository& repository, const std::string& target, const Json& manifest) {
    Json updates{{"format", 1},
                 {"name", manifest.at("name")},
                 {"architecture", manifest.at("architecture")},
                 {"versions", Json::object()}};
    const auto& known = repository.targets(std::string(images_role)).targets;
    if (const auto file = known.find(target); file != known.end())
        updates = read_json(target_file(repository, target, file->second));
    updates["versions"][manifest.at("version").get<std::string>()] = {
        {"date", manifest.at("date")}, {"root_hash", manifest.at("root_hash")}};
    return format_json(updates);
}

void plan_image(Repository& repository, const ImageFolder& image, bool allows_development_keys,
                std::vector<Publication>& publications) {
    const fs::path& folder = image.path;
    const Json manifest = read_json(folder / "manifest.json");
    if (manifest.at("development_keys").get<bool>() && !allows_development_keys)
        throw UsageError(std::format("the image in '{}' was made with development keys", folder.string()))
            .hint(
                "make keys with 'cairn keys init' and build it again; --insecure-dev publishes it "
                "nevertheless");
    const std::string place = std::format("images/{}/{}", manifest.at("name").get<std::string>(),
                                          manifest.at("architecture").get<std::string>());
    const std::string version = manifest.at("version").get<std::string>();
    const std::string boot_file = std::format("{}_{}.efi", manifest.at("name").get<std::string>(), version);
    const Json description = describe_image(manifest, boot_file, image.payload);
    for (const PayloadFile& file : list_payload_files(description))
        check_payload_file(repository.targets_path(), file);
    publications.push_back(
        plan_text(std::format("{}/{}/image.json", place, version), format_json(description)));
    publications.push_back(
        plan_text(std::format("{}/{}/sbom.spdx.json", place, version), read_file(folder / "sbom.spdx.json")));
    const std::string updates = std::format("{}/updates.json", place);
    publications.push_back(plan_text(updates, add_version(repository, updates, manifest)));
}

/// updates.json is the one target that changes under its name: it lists what came.
bool may_change(const std::string& target) {
    return target.ends_with("/updates.json");
}

/// The members in which two descriptions of an image differ.
std::vector<std::string> list_differences(const Json& one, const Json& other) {
    std::vector<std::string> names;
    for (const auto& [name, value] : other.items())
        if (!one.contains(name) || one.at(name) != value) names.push_back(name);
    for (const auto& [name, value] : one.items())
        if (!other.contains(name)) names.push_back(name);
    return names;
}

[[noreturn]] void refuse_other_content(const Repository& repository, const Publication& publication,
                                       const tuf::FileDescription& published) {
    const std::string& target = publication.target;
    UsageError error(std::format("'{}' is published already, with other content", target));
    error.detail("published sha256", published.hashes.at("sha256"))
        .detail("this sha256", publication.file.hashes.at("sha256"));
    std::string why = "what has a name and a version never changes";
    if (const fs::path place = target_file(repository, target, published);
        target.ends_with("/image.json") && fs::exists(place)) {
        const Json before = read_json(place);
        error.detail("they differ in",
                     join(list_differences(before, parse_json(publication.text, target)), ", "));
        if (!before.contains("payload"))
            why = "it was published without what devices fetch, and what has a version never changes";
    }
    throw error.hint(why + ": give it a new version");
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
        plan_image(repository, image, request.allows_development_keys, publications);
    PublishPlan plan;
    std::map<std::string, tuf::FileDescription> seen;
    for (Publication& publication : publications) {
        tuf::check_target_name(publication.target);
        const auto& known = repository.targets(publication.role).targets;
        const auto refuse = [&](const tuf::FileDescription& published) {
            refuse_other_content(repository, publication, published);
        };
        const auto twice = seen.try_emplace(publication.target, publication.file);
        if (!twice.second) {
            if (twice.first->second.hashes != publication.file.hashes) refuse(twice.first->second);
            continue;
        }
        const auto there = known.find(publication.target);
        if (there == known.end() ||
            (may_change(publication.target) && there->second.hashes != publication.file.hashes)) {
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
