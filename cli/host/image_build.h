#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/host/session.h"
#include "images/assemble/assemble.h"

namespace cairn::host {

/// What became of one image.
struct ImageResult {
    std::string name;
    recipe::Architecture architecture;
    std::filesystem::path directory;
    bool was_made = false;  // false: everything was up to date
    std::vector<std::filesystem::path>
        packages;  // every package file of the image, sorted by name; empty when up to date
};

/// The whole main line for one image: recipes, packages, root, image files below `output`. `images` are all
/// images of this run: they share one kernel, compiled with the driver groups of all.
ImageResult build_image(Session& session, const std::string& name, const std::vector<std::string>& images,
                        recipe::Architecture architecture, const std::filesystem::path& output);

}  // namespace cairn::host
