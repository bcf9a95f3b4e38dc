#include "installer/update/updates_list.h"

#include <algorithm>
#include <format>

#include "images/layout/boot_file_name.h"
#include "images/payload/members.h"
#include "pkg/base/error.h"
#include "pkg/base/version_order.h"
#include "pkg/tuf/metadata.h"

namespace cairn::update {
namespace {

using payload::Members;

constexpr int format_version = 1;
constexpr std::string_view what = "updates";
constexpr std::size_t most_versions = 1024;
constexpr std::size_t most_waves = 64;
constexpr std::size_t most_channels = 16;
constexpr std::size_t longest_notes = 4096;
constexpr std::size_t longest_text = 128;
constexpr std::uint64_t most_settings_format = 1'000'000;

std::int64_t read_time(const Members& members, const char* key) {
    const std::string text = members.text(key, longest_text);
    try {
        return tuf::parse_time(text);
    } catch (const Error&) {
        members.refuse(std::format("'{}' is no time such as 2026-11-20T00:00:00Z", key));
    }
}

std::string read_version(const Members& members, const char* key) {
    const std::string version = members.text(key, longest_text);
    if (!layout::is_image_version(version)) members.refuse(std::format("'{}' is no version", key));
    return version;
}

/// They are shown on terminals: no control characters, except ends of lines.
std::string read_notes(const Members& members) {
    const std::string notes = members.text("notes", longest_notes);
    if (std::ranges::any_of(notes, [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; }))
        members.refuse("'notes' has control characters");
    return notes;
}

std::vector<Wave> read_waves(const Members& members, std::string_view name) {
    std::vector<Wave> waves;
    for (const Json& json : members.list("waves", most_waves)) {
        const Members wave(json, name, what);
        waves.push_back({.start = read_time(wave, "start"),
                         .seeds_below = static_cast<std::uint32_t>(wave.number("seeds_below", seed_count))});
        const Wave before = waves.size() > 1 ? waves[waves.size() - 2] : Wave();
        if (waves.back().seeds_below <= before.seeds_below || waves.back().start < before.start)
            wave.refuse("its waves do not rise");
    }
    return waves;
}

std::vector<std::string> read_channels(const Members& members) {
    std::vector<std::string> channels;
    for (const Json& json : members.list("channels", most_channels)) {
        if (!json.is_string() || !layout::is_image_name(json.get<std::string>()))
            members.refuse("'channels' has something that is no channel's name");
        channels.push_back(json.get<std::string>());
    }
    return channels;
}

OfferedVersion read_offer(const std::string& version, const Json& json, std::string_view name) {
    const Members members(json, name, what);
    if (!layout::is_image_version(version)) members.refuse(std::format("'{}' is no version", version));
    OfferedVersion offer = {.version = version,
                            .date = tuf::format_time(read_time(members, "date")),
                            .root_hash = members.hash("root_hash")};
    if (members.has("notes")) offer.notes = read_notes(members);
    if (members.has("settings_format"))
        offer.settings_format = members.number("settings_format", most_settings_format);
    if (members.has("settings_floor"))
        offer.settings_floor = members.number("settings_floor", most_settings_format);
    if (members.has("waves")) offer.waves = read_waves(members, name);
    if (members.has("channels")) offer.channels = read_channels(members);
    return offer;
}

}  // namespace

UpdatesList parse_updates_list(const Json& json, std::string_view name) {
    const Members members(json, name, what);
    if (members.member("format") != format_version) members.refuse("its format is another");
    UpdatesList list = {.name = members.text("name", longest_text)};
    if (!layout::is_image_name(list.name)) members.refuse("'name' is no image's name");
    const auto architecture = layout::find_architecture(members.text("architecture", longest_text));
    if (!architecture) members.refuse("'architecture' is none that there is");
    list.architecture = *architecture;
    if (members.has("version_floor")) list.version_floor = read_version(members, "version_floor");
    const Json& versions = members.member("versions");
    if (!versions.is_object() || versions.size() > most_versions)
        members.refuse(std::format("'versions' is no object, or has more than {}", most_versions));
    for (const auto& [version, offer] : versions.items())
        list.versions.push_back(read_offer(version, offer, name));
    std::ranges::sort(list.versions, [](const OfferedVersion& one, const OfferedVersion& other) {
        return compare_versions(one.version, other.version) > 0;
    });
    return list;
}

}  // namespace cairn::update
