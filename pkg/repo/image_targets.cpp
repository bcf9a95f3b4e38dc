#include "pkg/repo/image_targets.h"

#include <format>

#include "pkg/base/fd.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "pkg/crypto/hash.h"
#include "pkg/repo/layout.h"
#include "pkg/repo/payload_files.h"

namespace cairn::repo {
namespace {

namespace fs = std::filesystem;

Publication plan_text(const std::string& target, const std::string& text) {
    return {.target = target,
            .role = std::string(images_role),
            .source = {},
            .text = text,
            .file = {.length = text.size(), .hashes = {{"sha256", crypto::hash_sha256(text).to_hex()}}}};
}

/// What a device must know of an image before it takes it.
Json describe_image(const Json& manifest, const std::string& boot_file, const Json& payload) {
    Json image{{"format", 1},
               {"name", manifest.at("name")},
               {"version", manifest.at("version")},
               {"architecture", manifest.at("architecture")},
               {"date", manifest.at("date")},
               {"development_keys", manifest.at("development_keys")},
               {"version_floor", manifest.at("version_floor")},
               {"settings_format", manifest.at("settings_format")},
               {"root_hash", manifest.at("root_hash")},
               {"root_size", manifest.at("root_size")},
               {"verity_size", manifest.at("verity_size")},
               {"boot_file",
                {{"name", boot_file},
                 {"size", manifest.at("boot_file_size")},
                 {"sha256", manifest.at("files").at(boot_file)}}},
               {"packages", manifest.at("packages")}};
    if (!payload.is_null()) image["payload"] = payload;
    return image;
}

/// What is published of updates.json; null when nothing is.
Json find_updates(Repository& repository, const std::string& target) {
    const auto& known = repository.targets(std::string(images_role)).targets;
    const auto file = known.find(target);
    return file == known.end() ? Json() : read_json(target_file(repository, target, file->second));
}

/// A small file of the folder, which must be the one that the manifest names.
std::string read_listed(const fs::path& folder, const std::string& name, const Json& manifest) {
    const std::string text = read_file(folder / name);
    if (manifest.at("files").value(name, "") != crypto::hash_sha256(text).to_hex())
        throw VerifyError(std::format("'{}' is not the file that 'manifest.json' beside it names",
                                      (folder / name).string()))
            .hint("build the image again");
    return text;
}

Json read_manifest(const fs::path& folder) {
    Json manifest = read_json(folder / "manifest.json");
    for (const char* const key : {"boot_file_size", "version_floor", "settings_format"})
        if (!manifest.contains(key))
            throw UsageError(std::format("the image in '{}' was built by an older cairn", folder.string()))
                .detail("missing in manifest.json", key)
                .hint("build the image again");
    return manifest;
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

}  // namespace

std::vector<Publication> plan_image(Repository& repository, const ImageFolder& image,
                                    bool allows_development_keys) {
    const fs::path& folder = image.path;
    const Json manifest = read_manifest(folder);
    if (manifest.at("development_keys").get<bool>() && !allows_development_keys)
        throw UsageError(std::format("the image in '{}' was made with development keys", folder.string()))
            .hint(
                "make keys with 'cairn keys init' and build it again; --insecure-dev publishes it "
                "nevertheless");
    const std::string name = manifest.at("name").get<std::string>();
    const std::string version = manifest.at("version").get<std::string>();
    const std::string place =
        std::format("images/{}/{}", name, manifest.at("architecture").get<std::string>());
    const Json description = describe_image(manifest, std::format("{}_{}.efi", name, version), image.payload);
    for (const PayloadFile& file : list_payload_files(description))
        check_payload_file(repository.targets_path(), file);
    const auto target = [&](std::string_view file) { return std::format("{}/{}/{}", place, version, file); };
    const std::string updates = std::format("{}/updates.json", place);
    return {plan_text(target("image.json"), format_json(description)),
            plan_text(target("boot.json"), read_listed(folder, "boot.json", manifest)),
            plan_text(target("sbom.spdx.json"), read_listed(folder, "sbom.spdx.json", manifest)),
            plan_text(updates,
                      format_json(add_version(find_updates(repository, updates), manifest, image.terms)))};
}

bool is_updates_file(std::string_view target) {
    return target.ends_with("/updates.json");
}

void explain_other_image(const Repository& repository, const Publication& publication,
                         const tuf::FileDescription& published, Error& error) {
    const std::string& target = publication.target;
    const fs::path place = target_file(repository, target, published);
    if (!target.ends_with("/image.json") || !fs::exists(place)) return;
    const Json before = read_json(place);
    error.detail("they differ in",
                 join(list_differences(before, parse_json(publication.text, target)), ", "));
    if (!before.contains("payload"))
        error.hint(
            "it was published without what devices fetch, and what has a version never changes: give it a "
            "new "
            "version");
}

}  // namespace cairn::repo
