#include "installer/firstboot/settings_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <format>
#include <string>

#include "images/layout/paths.h"
#include "installer/settings/files.h"
#include "installer/settings/owner.h"
#include "installer/settings/store.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"

namespace cairn::firstboot {
namespace {

namespace fs = std::filesystem;
using settings::ImageSettings;
using settings::Places;

constexpr int format_version = 1;
constexpr std::size_t largest = 1 << 20;

fs::path path_on(const fs::path& esp) {
    return esp / layout::paths::esp_first_boot_settings;
}

void verify_origin(const Rules& rules, const std::string& text, const fs::path& path) {
    if (rules.policy == Policy::forbid)
        throw UsageError("cannot take first-boot settings: this image allows none");
    if (rules.policy != Policy::signed_only) return;
    const auto signature = find_file(path.string() + ".sig", largest);
    if (!signature) throw VerifyError("cannot take first-boot settings: this image wants them signed");
    if (signature->size() != crypto::Signature::size)
        throw VerifyError(std::format("cannot take first-boot settings: '{}.sig' is not {} bytes",
                                      path.filename().string(), crypto::Signature::size));
    const auto bytes = [](const std::string& of) {
        return std::span(reinterpret_cast<const std::uint8_t*>(of.data()), of.size());
    };
    crypto::verify_signature_bytes(rules.key, bytes(text),
                                   crypto::Signature(bytes(*signature).first<crypto::Signature::size>()),
                                   "first-boot settings");
}

/// What the file sets, all of it allowed here.
settings::Values parse_settings(const std::string& text, const ImageSettings& image) {
    const Json document = parse_json(text, "first-boot.json");
    if (!document.is_object() || document.value("format", Json()) != format_version ||
        !document.contains("settings") || document.size() != 2)
        throw UsageError(std::format(
            "cannot take first-boot settings: the file must be {{\"format\": {}, \"settings\": {{…}}}}",
            format_version));
    settings::Values values = settings::verify_values(document["settings"], image.schema);
    for (const auto& [path, setting] : image.schema.settings())
        if (!setting.is_first_boot && settings::find_value(values.document(), path) != nullptr)
            throw UsageError(std::format("cannot take first-boot settings: '{}' is not one of them", path));
    settings::plan_files(image.templates, nullptr, values.effective());
    return values;
}

std::vector<std::string> paths_set(const settings::Values& values, const ImageSettings& image) {
    std::vector<std::string> paths;
    for (const auto& [path, setting] : image.schema.settings())
        if (settings::find_value(values.document(), path) != nullptr) paths.push_back(path);
    return paths;
}

/// Secrets may be in it. What a flash disk keeps of it elsewhere is out of reach.
void wipe(const fs::path& path) {
    if (!fs::exists(path)) return;
    {
        const Fd file = open_file(path, O_WRONLY);
        write_all(file.get(), std::string(file_size(file.get(), path.string()), '\0'), path.string());
        sync_fd(file.get(), path.string());
    }
    fs::remove(path);
    const Fd directory = open_file(path.parent_path(), O_RDONLY | O_DIRECTORY);
    if (syncfs(directory.get()) != 0)
        throw SystemError(std::format("cannot sync '{}'", path.parent_path().string()));
}

Outcome accept(const Places& places, const ImageSettings& image, const settings::Values& values,
               std::int64_t now) {
    const settings::AsOwner owner(places.store);
    settings::Store store(places.store_of(image.format));
    if (store.current() != 0 && store.read_current() != values.document())
        throw UsageError("cannot take first-boot settings: this machine has settings already");
    store.commit(values, {now, "first boot", "first-boot settings"});
    return {.kind = Outcome::Kind::accepted,
            .time = now,
            .settings = paths_set(values, image),
            .is_removed = false};
}

Outcome look(const Places& places, const ImageSettings& image, const Rules& rules, const fs::path& esp,
             std::int64_t now) {
    try {
        const auto text = find_file(path_on(esp), largest);
        if (!text) return {.time = now};
        verify_origin(rules, *text, path_on(esp));
        return accept(places, image, parse_settings(*text, image), now);
    } catch (const Error& error) {
        return {.kind = Outcome::Kind::refused, .time = now, .why = error.report()};
    }
}

}  // namespace

Rules read_rules(const fs::path& image) {
    const fs::path path = image / "release.json";
    const Json release = read_json(path);
    const std::string policy = release.value("first_boot", "allow");
    Rules rules;
    if (policy == "forbid")
        rules.policy = Policy::forbid;
    else if (policy == "signed")
        rules = {Policy::signed_only, crypto::parse_public_key(release.value("first_boot_key", ""))};
    else if (policy != "allow")
        throw UsageError(std::format("cannot use '{}': \"first_boot\" is '{}'", path.string(), policy));
    return rules;
}

Outcome take_settings_file(const Places& places, const ImageSettings& image, const Rules& rules,
                           const fs::path& esp, std::int64_t now) {
    // Power may fail between any two lines: what was committed is committed once more, to no effect; once it
    // is noted, the file is not read again, only removed.
    std::optional<Outcome> outcome = find_outcome(places);
    if (!outcome) {
        outcome = look(places, image, rules, esp, now);
        write_outcome(places, *outcome);
    }
    if (outcome->is_removed) return *outcome;
    wipe(path_on(esp));
    wipe(path_on(esp).string() + ".sig");
    outcome->is_removed = true;
    write_outcome(places, *outcome);
    return *outcome;
}

}  // namespace cairn::firstboot
