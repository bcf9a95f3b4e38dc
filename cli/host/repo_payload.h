#pragma once

#include <filesystem>

#include "pkg/base/json.h"
#include "pkg/repo/repository.h"

namespace cairn::host {

/// Makes what devices fetch of an image (images/payload) in the repository, unless it is there. No reader
/// sees it until an image.json names it. Gives what that is to say of it.
Json put_payload(const repo::Repository& repository, const std::filesystem::path& image_folder);

}  // namespace cairn::host
