#pragma once

#include <cstdint>
#include <filesystem>
#include <format>

namespace cairn::settings {

/// Where a device's settings lie. Tests put all of it below a made-up root.
struct Places {
    std::filesystem::path image = "/usr/lib/cairn";           // what the image says about settings
    std::filesystem::path store = "/var/lib/cairn/settings";  // one store for each settings format
    std::filesystem::path state = "/run/cairn/settings";      // what is active, until the next boot
    std::filesystem::path root = "/";                         // files are made below its etc
    bool operator==(const Places&) const = default;

    static Places below(const std::filesystem::path& root) {
        return {root / "usr/lib/cairn", root / "var/lib/cairn/settings", root / "run/cairn/settings", root};
    }
    /// The directory of the store (`Store`, `Transactions`) that versions with this settings format use.
    std::filesystem::path store_of(std::int64_t format) const {
        return store / std::format("format-{}", format);
    }
    /// What is active: {"format": 1, "values": what was set, "effective": with all defaults}.
    std::filesystem::path active() const { return state / "active.json"; }
    /// There while the device does not run with the settings that are stored; says why, for people.
    std::filesystem::path problem() const { return state / "problem"; }
};

}  // namespace cairn::settings
