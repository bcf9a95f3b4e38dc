#pragma once

#include <string_view>
#include <vector>

#include "pkg/base/error.h"
#include "pkg/repo/publish.h"

/// The targets by which a device learns of an image (FORMAT.md).
namespace cairn::repo {

/// image.json, boot.json, sbom.spdx.json, and updates.json with this version in it. Throws UsageError for an
/// image made with development keys, unless they are allowed, and for a folder of an older build-image;
/// VerifyError when a payload file is not there or the folder's files do not belong together.
std::vector<Publication> plan_image(Repository& repository, const ImageFolder& image,
                                    bool allows_development_keys);

/// updates.json is the one target that changes under its name: it lists what came.
bool is_updates_file(std::string_view target);

/// When the refused target is an image.json: says in the error what differs in the published one.
void explain_other_image(const Repository& repository, const Publication& publication,
                         const tuf::FileDescription& published, Error& error);

}  // namespace cairn::repo
