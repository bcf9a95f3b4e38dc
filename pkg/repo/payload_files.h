#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "pkg/base/json.h"

/// The files by which devices fetch an image (images/payload/FORMAT.md). They lie beside the targets and are
/// none: the signed image.json names their index by its hash, and the root hash proves the rest block by
/// block, on the device.
namespace cairn::repo {

inline constexpr std::string_view payload_folder = "payload";

struct PayloadFile {
    std::string name;  // below "targets": "payload/<root hash>.tree"
    std::uint64_t size = 0;
    std::string sha256 = {};  // empty: only a device can prove it
};

/// What an image.json says; nothing when the image has no payload. Throws VerifyError when it says it
/// wrongly.
std::vector<PayloadFile> list_payload_files(const Json& image);

/// Throws VerifyError when the file below `targets` is not there, or is another as far as can be seen.
void check_payload_file(const std::filesystem::path& targets, const PayloadFile& file);

}  // namespace cairn::repo
