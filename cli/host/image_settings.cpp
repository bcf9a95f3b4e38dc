#include "cli/host/image_settings.h"

#include <algorithm>
#include <array>
#include <format>

#include "images/assemble/metadata.h"
#include "images/layout/paths.h"
#include "installer/settings/files.h"
#include "installer/settings/image.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::host {
namespace {

namespace fs = std::filesystem;

bool is_about_settings(std::string_view path) {
    return std::ranges::any_of(std::array{"settings", "templates", "migrations"}, [&](const char* folder) {
        return is_glob_match(std::format("usr/lib/cairn/{}/*.toml", folder), path);
    });
}

void write_below(const fs::path& root, std::string_view path, std::string_view content) {
    make_directories((root / path).parent_path());
    write_file(root / path, content);
}

void check_format(const settings::ImageSettings& image) {
    const std::int64_t reached = image.migrations.empty() ? 1 : image.migrations.back().from + 1;
    if (image.format == reached) return;
    throw UsageError(std::format("\"settings_format\" is {}, but the packages' migrations lead to {}",
                                 image.format, reached));
}

}  // namespace

void check_image_settings(const assemble::ImageDefinition& definition, const assemble::PackagedTree& root) {
    const TemporaryDirectory work;
    for (const archive::FileEntry& entry : root.files.entries)
        if (entry.kind == archive::Kind::file && is_about_settings(entry.path))
            write_below(work.path(), entry.path, root.read(entry));
    write_below(work.path(), layout::paths::settings_defaults, assemble::make_settings_defaults(definition));
    write_below(work.path(), layout::paths::release,
                assemble::make_release(definition, assemble::KeyKind::development));

    with_context(std::format("checking the settings of image '{}'", definition.name), [&] {
        const settings::ImageSettings image = settings::read_image_settings(work.path() / "usr/lib/cairn");
        check_format(image);
        const settings::Values defaults = settings::verify_values(Json::object(), image.schema);
        settings::plan_files(image.templates, nullptr, defaults.effective());
    });
}

}  // namespace cairn::host
