#pragma once

#include <cstdint>
#include <filesystem>

#include "installer/firstboot/outcome.h"
#include "installer/settings/image.h"
#include "pkg/crypto/key.h"

/// First-boot settings: `cairn/first-boot.json` on the ESP (FORMAT.md), read once, on the boot that makes the
/// data partition. Whoever can write the disk before that boot can write this file, so it sets only what the
/// schema marks `first_boot`, and an image may want it signed or not at all.
namespace cairn::firstboot {

enum class Policy { allow, signed_only, forbid };

struct Rules {
    Policy policy = Policy::allow;
    crypto::PublicKey key;  // signed_only
};

/// What the image says, `release.json` of its `usr/lib/cairn`. Throws when it makes no sense.
Rules read_rules(const std::filesystem::path& image);

/// Looks on a mounted ESP, once: does nothing but finish removing when that was done before. A file that is
/// accepted is committed to the store of the image's format, noted, overwritten with zeros and deleted. One
/// that is refused (unreadable, not allowed, not signed) is refused as a whole, noted and left. Stopped
/// anywhere, the next call goes on. Never throws about the file's content.
Outcome take_settings_file(const settings::Places& places, const settings::ImageSettings& image,
                           const Rules& rules, const std::filesystem::path& esp, std::int64_t now);

}  // namespace cairn::firstboot
