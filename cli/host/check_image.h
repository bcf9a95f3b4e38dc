#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/host/session.h"

namespace cairn::host {

/// Builds an image a second time in a store of its own, sharing only the downloaded sources, and compares
/// every package and image file with what is below `output`. Says what was compared; throws VerifyError
/// naming the first differing file of the first differing package.
void check_image(Host& host, const BuildOptions& options, const std::string& image,
                 const std::vector<std::string>& images, recipe::Architecture architecture,
                 const std::filesystem::path& output);

}  // namespace cairn::host
