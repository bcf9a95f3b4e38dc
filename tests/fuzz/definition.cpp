#include "images/assemble/definition.h"

#include "images/layout/boot_file_name.h"
#include "pkg/base/files.h"
#include "tests/fuzz/fuzz.h"

/// Input: an image definition. It may extend "below", a small one, or itself.
using namespace cairn;
using namespace cairn::fuzz;

namespace {

constexpr std::string_view below = R"(
version = "1.0"
date = "2026-11-20T00:00:00Z"
packages = ["a", "b"]
kernel_arguments = ["quiet"]
)";

std::optional<assemble::ImageDefinition> read(const std::filesystem::path& directory, std::string_view text,
                                              layout::Architecture architecture) {
    write_file(directory / "fuzz.toml", text);
    return find_accepted<UsageError>(
        [&] { return assemble::read_definition(directory, "fuzz", architecture); });
}

void check_definition(const assemble::ImageDefinition& definition) {
    require(layout::is_image_version(definition.version), "a version is one");
    require(definition.version_floor.empty() || layout::is_image_version(definition.version_floor),
            "the oldest version is one");
    require(assemble::parse_date(definition.date) == definition.time, "the time is the date's");
    require(!definition.packages.empty(), "an image holds something");
    require(definition.sector_size == 512 || definition.sector_size == 4096, "sectors are of a known size");
    require(definition.sizes.esp >= layout::least_esp_size, "the ESP is large enough for FAT32");
    require(definition.sizes.root % layout::mebibyte == 0 && definition.sizes.root > 0,
            "sizes are whole mebibytes");
}

}  // namespace

FUZZ_TARGET(input) {
    const TemporaryDirectory work;
    write_file(work.path() / "below.toml", below);
    for (const auto architecture : {layout::Architecture::x86_64, layout::Architecture::aarch64}) {
        const auto definition = read(work.path(), text_of(input), architecture);
        if (!definition) continue;
        check_definition(*definition);
        const auto commented =
            read(work.path(), "# a comment\n\n" + std::string(text_of(input)) + "\n", architecture);
        require(commented && *commented == *definition, "comments mean nothing");
    }
}
