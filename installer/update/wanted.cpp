#include "installer/update/wanted.h"

#include <algorithm>
#include <format>

#include "installer/api/errors.h"
#include "installer/slots/deny_list.h"
#include "installer/update/updates_list.h"
#include "pkg/base/error.h"
#include "pkg/base/version_order.h"

namespace cairn::update {

namespace {

constexpr std::uint64_t most_description = std::uint64_t{1} << 20;

std::string target_of(const RunningSystem& running, const std::string& version, std::string_view file) {
    if (!layout::is_image_version(version)) throw UsageError(std::format("'{}' is no version", version));
    return std::format("images/{}/{}/{}/{}", running.image.name, layout::to_text(running.architecture),
                       version, file);
}

[[noreturn]] void refuse(const std::string& target, std::string_view what, std::string_view found,
                         std::string_view expected) {
    throw VerifyError(std::format("'{}' is of another {}", target, what))
        .detail("found", std::string(found))
        .detail("expected", std::string(expected));
}

UpdatesList read_updates(TrustedTargets& trusted, const RunningSystem& running) {
    const std::string target =
        std::format("images/{}/{}/updates.json", running.image.name, layout::to_text(running.architecture));
    return parse_updates_list(parse_json(trusted.read(target, most_description), target), target);
}

void check_floor(const slots::ImageVersion& image, const std::string& floor) {
    if (floor.empty() || compare_versions(image.version, floor) >= 0) return;
    throw api::Conflict(std::format("'{}' is too old for this device", slots::to_text(image)))
        .detail("oldest that may be installed", floor);
}

}  // namespace

payload::ImageDescription read_wanted_image(TrustedTargets& trusted, const RunningSystem& running,
                                            const std::string& version) {
    const std::string target = target_of(running, version, "image.json");
    const auto image =
        payload::parse_image(parse_json(trusted.read(target, most_description), target), target);
    if (image.name != running.image.name) refuse(target, "image", image.name, running.image.name);
    if (image.version != version) refuse(target, "version", image.version, version);
    if (image.architecture != running.architecture)
        refuse(target, "architecture", layout::to_text(image.architecture),
               layout::to_text(running.architecture));
    return image;
}

payload::BootParts read_boot_parts(TrustedTargets& trusted, const RunningSystem& running,
                                   const std::string& version) {
    const std::string target = target_of(running, version, "boot.json");
    return payload::parse_boot_parts(parse_json(trusted.read(target, most_description), target), target);
}

void check_may_follow(const Device& device, TrustedTargets& trusted,
                      const payload::ImageDescription& wanted) {
    const slots::ImageVersion image = {.name = wanted.name, .version = wanted.version};
    const RunningSystem& running = device.running;
    if (image == running.image)
        throw api::Conflict(std::format("'{}' is what runs already", slots::to_text(image)));
    const UpdatesList updates = read_updates(trusted, running);
    if (!std::ranges::any_of(updates.versions, [&](const OfferedVersion& offered) {
            return offered.version == wanted.version && offered.root_hash == wanted.payload.root_hash;
        }))
        throw api::Conflict(std::format("'{}' is not offered any more", slots::to_text(image)));
    check_floor(image, running.version_floor);
    check_floor(image, updates.version_floor);
    if (const auto denied = slots::DenyList::read(device.deny_list).find(image))
        throw api::Conflict(std::format("'{}' is not wanted on this device", slots::to_text(image)))
            .detail("cause", denied->cause)
            .hint("somebody can take it off the deny list");
}

}  // namespace cairn::update
