#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "images/layout/architecture.h"
#include "images/payload/description.h"
#include "pkg/base/json.h"
#include "pkg/crypto/hash.h"

/// image.json (pkg/repo/FORMAT.md): all that a device believes of a version, once its signatures are
/// verified.
namespace cairn::payload {

struct BootFileDescription {
    std::string name;  // "<name>_<version>.efi"
    std::uint64_t size = 0;
    crypto::Hash sha256;
    friend bool operator==(const BootFileDescription&, const BootFileDescription&) = default;
};

struct ImagePackage {
    std::string name;
    std::string version;
    friend bool operator==(const ImagePackage&, const ImagePackage&) = default;
};

struct ImageDescription {
    std::string name;
    std::string version;
    layout::Architecture architecture = layout::Architecture::x86_64;
    std::string date;  // "2026-11-20T00:00:00Z"
    bool has_development_keys = false;
    std::string version_floor;  // the oldest version that a device may go back to from here; empty: none
    std::uint64_t settings_format = 1;
    BootFileDescription boot_file;
    Payload payload;  // with root hash and size
    std::vector<ImagePackage> packages;
    friend bool operator==(const ImageDescription&, const ImageDescription&) = default;
};

/// Throws VerifyError when something is missing, of another kind, or cannot be. `name` is for the message.
ImageDescription parse_image(const Json& json, std::string_view name);

}  // namespace cairn::payload
