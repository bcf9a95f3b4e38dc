#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "installer/settings/migration.h"
#include "installer/settings/template.h"

namespace cairn::settings {

/// What an image says about settings. That of another image can be read as well, to try it before it runs.
struct ImageSettings {
    std::int64_t format = 1;  // of the store that this image's version works with
    Schema schema;            // with the image's own defaults in the place of the packages'
    std::vector<Template> templates;
    std::vector<Migration> migrations;
};

/// Reads `settings/*.toml`, `settings-defaults.json`, `templates/*.toml`, `migrations/*.toml` and
/// `release.json` of an image's `usr/lib/cairn`. None of them has to be there. Throws UsageError naming the
/// file that is wrong.
ImageSettings read_image_settings(const std::filesystem::path& directory);

/// The schema alone, with the image's own defaults.
Schema read_image_schema(const std::filesystem::path& directory);

}  // namespace cairn::settings
