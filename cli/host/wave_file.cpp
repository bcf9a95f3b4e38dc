#include "cli/host/wave_file.h"

#include <charconv>
#include <optional>

#include "pkg/base/toml.h"

namespace cairn::host {
namespace {

constexpr std::int64_t longest_days = 365;

/// "4h" in seconds.
std::optional<tuf::Time> find_duration(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() - 1 || number < 0) return std::nullopt;
    const tuf::Time unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? 86'400 : 0;
    if (unit == 0 || number > longest_days * 86'400 / unit) return std::nullopt;
    return number * unit;
}

}  // namespace

std::vector<repo::Wave> read_waves(const std::filesystem::path& file, tuf::Time now) {
    TomlTable table = TomlTable::read(file);
    std::vector<repo::Wave> waves;
    for (TomlTable& wave : table.tables("wave")) {
        const auto after = find_duration(wave.required_string("after"));
        if (!after) wave.fail("after", "must be like \"4h\": a number and m, h or d, at most a year");
        const auto percent = wave.find_integer("percent");
        if (!percent || *percent < 1 || *percent > 100) wave.fail("percent", "must be 1 to 100");
        const auto seeds = static_cast<unsigned>((*percent * repo::seed_count + 99) / 100);
        if (!waves.empty() && now + *after < waves.back().start)
            wave.fail("after", "must not be before the wave above");
        if (!waves.empty() && seeds <= waves.back().seeds_below)
            wave.fail("percent", "must be more than in the wave above");
        waves.push_back({.start = now + *after, .seeds_below = seeds});
        wave.finish();
    }
    if (waves.empty()) table.fail("wave", "must be there: [[wave]] with \"after\" and \"percent\"");
    table.finish();
    return waves;
}

}  // namespace cairn::host
