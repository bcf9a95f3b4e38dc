#include "installer/settings/image.h"

#include <format>

#include "installer/settings/files.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"

namespace cairn::settings {
namespace {

constexpr std::size_t largest = 1 << 20;

std::int64_t read_settings_format(const std::filesystem::path& file) {
    const auto text = find_file(file, largest);
    if (!text) return 1;
    const Json format = parse_json(*text, file.string()).value("settings_format", Json(1));
    if (!format.is_number_integer() || format < 1)
        throw UsageError(
            std::format("cannot use '{}': \"settings_format\" must be 1 or above", file.string()));
    return format.get<std::int64_t>();
}

}  // namespace

Schema read_image_schema(const std::filesystem::path& directory) {
    Schema schema = read_schema(directory / "settings");
    const std::filesystem::path file = directory / "settings-defaults.json";
    if (const auto text = find_file(file, largest))
        with_context("reading the image's own defaults, settings-defaults.json",
                     [&] { schema.set_defaults(parse_json(*text, file.string())); });
    return schema;
}

ImageSettings read_image_settings(const std::filesystem::path& directory) {
    ImageSettings image{.format = read_settings_format(directory / "release.json"),
                        .schema = read_image_schema(directory)};
    image.templates = read_templates(directory / "templates", image.schema);
    image.migrations = read_migrations(directory / "migrations");
    return image;
}

}  // namespace cairn::settings
