#include "images/payload/image_json.h"

#include "images/layout/boot_file_name.h"
#include "images/payload/boot_parts.h"
#include "images/payload/members.h"

namespace cairn::payload {
namespace {

constexpr int format_version = 1;
constexpr std::string_view what = "an image";
constexpr std::size_t longest_text = 128;
constexpr std::size_t most_packages = 4096;
constexpr std::uint64_t most_settings_format = 1'000'000;

BootFileDescription read_boot_file(const Members& image, const ImageDescription& description) {
    const Members file = image.object("boot_file");
    const BootFileDescription result = {.name = file.text("name", longest_text + 8),
                                        .size = file.number("size", most_boot_file_bytes),
                                        .sha256 = file.hash("sha256")};
    const layout::BootFileName name = {.name = description.name, .version = description.version};
    if (result.name != layout::to_text(name)) image.refuse("'boot_file' has not the name of this version's");
    if (result.size == 0) image.refuse("'boot_file' is empty");
    return result;
}

std::vector<ImagePackage> read_packages(const Members& image, std::string_view name) {
    std::vector<ImagePackage> packages;
    for (const Json& json : image.list("packages", most_packages)) {
        const Members package(json, name, what);
        packages.push_back(
            {.name = package.text("name", longest_text), .version = package.text("version", longest_text)});
    }
    return packages;
}

}  // namespace

ImageDescription parse_image(const Json& json, std::string_view name) {
    const Members image(json, name, what);
    if (image.member("format") != format_version) image.refuse("its format is another");
    ImageDescription result = {.name = image.text("name", longest_text),
                               .version = image.text("version", longest_text)};
    if (!layout::is_image_name(result.name)) image.refuse("'name' is no image's name");
    if (!layout::is_image_version(result.version)) image.refuse("'version' is no version");
    const auto architecture = layout::find_architecture(image.text("architecture", longest_text));
    if (!architecture) image.refuse("'architecture' is none that there is");
    result.architecture = *architecture;
    result.date = image.text("date", longest_text);
    result.has_development_keys = image.flag("development_keys");
    if (image.has("version_floor")) result.version_floor = image.text("version_floor", longest_text);
    if (!result.version_floor.empty() && !layout::is_image_version(result.version_floor))
        image.refuse("'version_floor' is no version");
    result.settings_format = image.number("settings_format", most_settings_format);
    result.boot_file = read_boot_file(image, result);
    result.payload = parse_payload(json, name);
    result.packages = read_packages(image, name);
    return result;
}

}  // namespace cairn::payload
