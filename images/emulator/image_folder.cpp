#include "images/emulator/image_folder.h"

#include "images/layout/boot_file_name.h"
#include "pkg/base/json.h"

namespace cairn::emulator {
namespace {

Json read_manifest(const std::filesystem::path& image_folder) {
    return read_json(image_folder / "manifest.json");
}

}  // namespace

std::filesystem::path find_boot_file(const std::filesystem::path& image_folder) {
    const Json manifest = read_manifest(image_folder);
    return image_folder /
           layout::to_text(layout::BootFileName{.name = manifest.at("name").get<std::string>(),
                                                .version = manifest.at("version").get<std::string>()});
}

std::uint32_t find_sector_size(const std::filesystem::path& image_folder) {
    return read_manifest(image_folder).at("sizes").value("sector", std::uint32_t{512});
}

}  // namespace cairn::emulator
