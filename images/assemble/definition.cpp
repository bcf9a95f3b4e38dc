#include "images/assemble/definition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <format>
#include <optional>

#include "images/assemble/verity.h"
#include "images/layout/boot_file_name.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "pkg/base/toml.h"
#include "pkg/crypto/hash.h"

namespace cairn::assemble {
namespace {

constexpr std::size_t longest_chain = 8;
constexpr std::array<std::string_view, 3> first_boot_choices{"allow", "signed", "forbid"};

/// One definition file as it stands, for one architecture.
struct Layer {
    std::filesystem::path file;
    TomlTable table;
    std::optional<TomlTable> sizes;
    std::string extends;
};

/// A list and its part for the architecture: "packages" and "packages_x86_64". The other architecture's is
/// read too, so that it is checked and counts as known.
struct List {
    bool is_given = false;
    std::vector<std::string> values;
};

List read_list(TomlTable& table, const std::string& key, layout::Architecture architecture) {
    List list = {.is_given = table.has(key), .values = table.strings(key)};
    for (const auto each : {layout::Architecture::x86_64, layout::Architecture::aarch64}) {
        const std::vector<std::string> more = table.strings(std::format("{}_{}", key, layout::to_text(each)));
        if (each == architecture) list.values.insert(list.values.end(), more.begin(), more.end());
    }
    return list;
}

/// `key` replaces a list, `add_key` adds to it, `remove_key` takes from it; a thing in it twice counts once.
void apply_list(TomlTable& table, const std::string& key, layout::Architecture architecture,
                std::vector<std::string>& values) {
    List replaced = read_list(table, key, architecture);
    if (replaced.is_given) values.clear();
    for (const std::vector<std::string>& more :
         {replaced.values, read_list(table, "add_" + key, architecture).values})
        for (const std::string& value : more)
            if (!std::ranges::contains(values, value)) values.push_back(value);
    for (const std::string& value : read_list(table, "remove_" + key, architecture).values) {
        if (!std::ranges::contains(values, value))
            table.fail("remove_" + key,
                       std::format("'{}' is not in \"{}\" of what this definition extends", value, key));
        std::erase(values, value);
    }
}

void apply_text(TomlTable& table, std::string_view key, std::string& value) {
    value = table.string_or(key, value);
}

void apply_size(TomlTable& table, std::string_view key, std::uint64_t& size) {
    const auto mebibytes = table.find_integer(key);
    if (!mebibytes) return;
    if (*mebibytes < 1 || *mebibytes > 1024 * 1024) table.fail(key, "must be 1 to 1048576 MiB");
    size = static_cast<std::uint64_t>(*mebibytes) * layout::mebibyte;
}

void apply_sector(TomlTable& table, std::uint32_t& sector_size) {
    const auto bytes = table.find_integer("sector");
    if (!bytes) return;
    if (*bytes != 512 && *bytes != 4096) table.fail("sector", "must be 512 or 4096 bytes");
    sector_size = static_cast<std::uint32_t>(*bytes);
}

void apply_sizes(Layer& layer, ImageDefinition& definition) {
    if (!layer.sizes) return;
    layout::PartitionSizes& sizes = definition.sizes;
    apply_sector(*layer.sizes, definition.sector_size);
    apply_size(*layer.sizes, "esp_mib", sizes.esp);
    apply_size(*layer.sizes, "root_mib", sizes.root);
    apply_size(*layer.sizes, "verity_mib", sizes.verity);
    if (sizes.esp < layout::least_esp_size)
        layer.sizes->fail("esp_mib", "must be at least 260 MiB, or FAT32 has too few clusters on some disks");
    if (sizes.verity < verity_tree_size(sizes.root))
        layer.sizes->fail("verity_mib",
                          std::format("is too small: the hash tree of a full root needs {} bytes",
                                      verity_tree_size(sizes.root)));
    layer.sizes->finish();
}

void apply_date(TomlTable& table, ImageDefinition& definition) {
    apply_text(table, "date", definition.date);
    if (!table.has("date")) return;
    try {
        definition.time = parse_date(definition.date);
    } catch (const UsageError& error) {
        table.fail("date", "is wrong: " + error.message());
    }
}

/// Tables are laid over those of what is extended, setting by setting.
void apply_settings(TomlTable& table, ImageDefinition& definition) {
    if (const auto settings = table.find_json("settings")) {
        if (!settings->is_object()) table.fail("settings", "must be a table");
        definition.settings.merge_patch(*settings);
    }
    definition.settings_format = table.integer_or("settings_format", definition.settings_format);
    if (definition.settings_format < 1) table.fail("settings_format", "must be 1 or above");
    apply_text(table, "first_boot", definition.first_boot);
    apply_text(table, "first_boot_key", definition.first_boot_key);
    if (!std::ranges::contains(first_boot_choices, definition.first_boot))
        table.fail("first_boot", "must be \"allow\", \"signed\" or \"forbid\"");
    if (!definition.first_boot_key.empty() && !crypto::find_hash(definition.first_boot_key))
        table.fail("first_boot_key", "must be an Ed25519 public key, 64 hexadecimal digits");
    if (definition.first_boot == "signed" && definition.first_boot_key.empty())
        table.fail("first_boot_key", "is missing: the file of first-boot settings is to be signed");
}

void apply_layer(Layer& layer, ImageDefinition& definition) {
    TomlTable& table = layer.table;
    apply_text(table, "version", definition.version);
    if (table.has("version") && !layout::is_image_version(definition.version))
        table.fail("version", "must begin with a digit and have digits, letters, '.', '~' and '^' only");
    apply_date(table, definition);
    apply_text(table, "summary", definition.summary);
    apply_text(table, "version_floor", definition.version_floor);
    if (!definition.version_floor.empty() && !layout::is_image_version(definition.version_floor))
        table.fail("version_floor", "is not a version");
    apply_text(table, "update_repository", definition.update_repository);
    if (const auto trusted_root = table.find_string("trusted_root"))
        definition.trusted_root = layer.file.parent_path() / *trusted_root;
    apply_list(table, "packages", definition.architecture, definition.packages);
    apply_list(table, "initfs_packages", definition.architecture, definition.initfs_packages);
    apply_list(table, "driver_groups", definition.architecture, definition.driver_groups);
    apply_list(table, "kernel_arguments", definition.architecture, definition.kernel_arguments);
    apply_settings(table, definition);
    apply_sizes(layer, definition);
    table.finish();
}

Layer read_layer(const std::filesystem::path& directory, const std::string& name) {
    const std::filesystem::path file = directory / (name + ".toml");
    if (!layout::is_image_name(name) || !std::filesystem::exists(file)) {
        const std::vector<std::string> names = definition_names(directory);
        UsageError error(std::format("there is no image definition '{}'", name));
        error.detail("directory", directory.string()).detail("definitions", join(names, ", "));
        if (const auto nearest = find_nearest(name, names))
            error.hint(std::format("did you mean '{}'?", *nearest));
        throw error;
    }
    Layer layer = {.file = file, .table = TomlTable::read(file), .sizes = {}, .extends = {}};
    layer.sizes = layer.table.find_table("sizes");
    layer.extends = layer.table.string_or("extends", "");
    return layer;
}

/// The named definition and what it extends, the bottom first.
std::vector<Layer> read_layers(const std::filesystem::path& directory, std::string name) {
    std::vector<Layer> layers;
    std::vector<std::string> seen;
    while (!name.empty()) {
        if (std::ranges::contains(seen, name) || seen.size() == longest_chain)
            throw UsageError(std::format("image definition '{}' extends itself", name))
                .detail("chain", join(seen, " -> ") + " -> " + name);
        seen.push_back(name);
        layers.push_back(read_layer(directory, name));
        name = layers.back().extends;
    }
    std::ranges::reverse(layers);
    return layers;
}

void check_complete(const ImageDefinition& definition) {
    const auto require = [&](const std::string& value, std::string_view key) {
        if (!value.empty()) return;
        throw UsageError(std::format("image definition '{}' has no \"{}\"", definition.name, key))
            .detail("file", definition.files.back().string());
    };
    require(definition.version, "version");
    require(definition.date, "date");
    if (definition.packages.empty()) require("", "packages");
}

/// `count` digits at `offset`.
std::optional<int> find_digits(std::string_view text, std::size_t offset, std::size_t count) {
    int value = 0;
    const char* const end = text.data() + offset + count;
    const auto result = std::from_chars(text.data() + offset, end, value);
    if (result.ec != std::errc() || result.ptr != end || text[offset] == '-') return std::nullopt;
    return value;
}

}  // namespace

ImageDefinition read_definition(const std::filesystem::path& directory, std::string_view name,
                                layout::Architecture architecture) {
    ImageDefinition definition = {.name = std::string(name), .architecture = architecture};
    for (Layer& layer : read_layers(directory, definition.name)) {
        definition.files.push_back(layer.file);
        apply_layer(layer, definition);
    }
    check_complete(definition);
    return definition;
}

std::vector<std::string> definition_names(const std::filesystem::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> root_packages(const ImageDefinition& definition) {
    std::vector<std::string> packages = definition.packages;
    for (const char* const package : {"linux", "systemd-boot"})
        if (!std::ranges::contains(packages, package)) packages.emplace_back(package);
    return packages;
}

std::vector<std::string> driver_packages(const ImageDefinition& definition) {
    std::vector<std::string> packages;
    for (const std::string& group : definition.driver_groups) packages.push_back("linux-drivers-" + group);
    return packages;
}

std::uint64_t parse_date(std::string_view text) {
    constexpr std::string_view form = "0000-00-00T00:00:00Z";
    const auto fail = [&] [[noreturn]] {
        throw UsageError(std::format("'{}' is not a date in UTC like \"2026-11-20T00:00:00Z\"", text));
    };
    if (text.size() != form.size()) fail();
    for (std::size_t index = 0; index < form.size(); ++index)
        if (form[index] != '0' && form[index] != text[index]) fail();
    const auto year = find_digits(text, 0, 4), month = find_digits(text, 5, 2), day = find_digits(text, 8, 2);
    const auto hour = find_digits(text, 11, 2), minute = find_digits(text, 14, 2),
               second = find_digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second) fail();
    const std::chrono::year_month_day date = {std::chrono::year(*year),
                                              std::chrono::month(static_cast<unsigned>(*month)),
                                              std::chrono::day(static_cast<unsigned>(*day))};
    // FAT knows no time before 1980, PE none after 2106.
    if (!date.ok() || *year < 1980 || *year > 2100 || *hour > 23 || *minute > 59 || *second > 59) fail();
    const auto time = std::chrono::sys_days(date) + std::chrono::hours(*hour) +
                      std::chrono::minutes(*minute) + std::chrono::seconds(*second);
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

}  // namespace cairn::assemble
