#include "pkg/repo/updates_file.h"

#include <algorithm>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/version_order.h"

namespace cairn::repo {
namespace {

constexpr std::size_t longest_notes = 4096;
constexpr std::size_t most_waves = 64;
constexpr std::size_t most_channels = 16;

void check_notes(const std::string& notes) {
    if (notes.size() > longest_notes)
        throw UsageError(std::format("the notes have {} bytes", notes.size()))
            .hint(std::format("devices take {} at most: say the rest elsewhere", longest_notes));
    if (std::ranges::any_of(notes, [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; }))
        throw UsageError("the notes have control characters").hint("text and ends of lines only");
}

Json to_json(const std::vector<Wave>& waves) {
    Json list = Json::array();
    Wave before;
    for (const Wave& wave : waves) {
        if (wave.seeds_below <= before.seeds_below || wave.seeds_below > seed_count ||
            wave.start < before.start)
            throw UsageError("the waves do not rise: each starts later and reaches more devices");
        list.push_back({{"start", tuf::format_time(wave.start)}, {"seeds_below", wave.seeds_below}});
        before = wave;
    }
    if (list.size() > most_waves)
        throw UsageError(std::format("there are {} waves: {} are the most", list.size(), most_waves));
    return list;
}

/// As devices have it: images/layout.
bool is_image_version(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text[0] >= '0' && text[0] <= '9' &&
           text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.~^") ==
               std::string_view::npos;
}

/// A version that is for all stays so: there is no channel left to add it to.
void add_channel(Json& entry, bool is_new, const std::string& channel) {
    if (channel.empty() || channel.size() > 64 || channel[0] < 'a' || channel[0] > 'z' ||
        channel.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
        throw UsageError(std::format("'{}' is no name of a channel", channel))
            .hint("small letters, digits and '-', for example testing");
    if (!is_new && !entry.contains("channels"))
        throw UsageError("the version is for the devices of all channels already")
            .hint("publish a newer version with --channel");
    Json& channels = entry["channels"];
    if (!channels.is_array()) channels = Json::array();
    if (std::ranges::contains(channels, Json(channel))) return;
    if (channels.size() == most_channels)
        throw UsageError(std::format("the version is in {} channels: there can be no more", most_channels));
    channels.push_back(channel);
}

void raise_floor(Json& updates, const std::string& floor) {
    if (!is_image_version(floor)) throw UsageError(std::format("version floor '{}' is not a version", floor));
    const std::string before = updates.value("version_floor", "");
    if (!before.empty() && compare_versions(floor, before) < 0)
        throw UsageError(std::format("version floor {} is below the published {}", floor, before))
            .hint("a floor never goes down: devices would take again what they were kept from");
    updates["version_floor"] = floor;
}

void check_above_floor(const Json& updates, const std::string& version) {
    const std::string floor = updates.value("version_floor", "");
    if (!floor.empty() && compare_versions(version, floor) < 0)
        throw UsageError(std::format("version {} is below the version floor {}", version, floor))
            .hint("no device would take it");
}

}  // namespace

Json add_version(Json published, const Json& manifest, const OfferTerms& terms) {
    Json updates = std::move(published);
    if (updates.is_null())
        updates = {{"format", 1},
                   {"name", manifest.at("name")},
                   {"architecture", manifest.at("architecture")},
                   {"versions", Json::object()}};
    const std::string version = manifest.at("version").get<std::string>();
    if (terms.version_floor) raise_floor(updates, *terms.version_floor);
    check_above_floor(updates, version);
    const bool is_new = !updates["versions"].contains(version);
    Json& entry = updates["versions"][version];
    for (const char* const key : {"date", "root_hash", "settings_format"}) entry[key] = manifest.at(key);
    if (terms.notes) check_notes(*terms.notes);
    if (terms.notes) entry["notes"] = *terms.notes;
    if (terms.waves) entry["waves"] = to_json(*terms.waves);
    if (terms.channel) add_channel(entry, is_new, *terms.channel);
    if (terms.settings_floor) entry["settings_floor"] = *terms.settings_floor;
    return updates;
}

}  // namespace cairn::repo
