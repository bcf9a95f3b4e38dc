#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Names of versions and of their boot files in EFI/Linux on the ESP.
///
/// `base_1.2.0.efi` is a version known to be good. `base_1.3.0+3-0.efi` is one on trial: three tries left,
/// none done. The loader itself counts by renaming, and the length of the name never changes while it does.
namespace cairn::layout {

/// `[a-z][a-z0-9-]*`, at most 64 bytes.
bool is_image_name(std::string_view text);
/// `[0-9][0-9A-Za-z.~^]*`, at most 64 bytes. A '+' would break the counter, a '_' the name.
bool is_image_version(std::string_view text);

/// The tries of a version on trial.
struct TryCounter {
    std::uint32_t left = 0;
    std::uint32_t done = 0;
    friend bool operator==(const TryCounter&, const TryCounter&) = default;
};
/// What a version starts its trial with.
inline constexpr TryCounter first_tries = {.left = 3, .done = 0};

struct BootFileName {
    std::string name;
    std::string version;
    std::optional<TryCounter> counter = {};  // empty: known to be good
    friend bool operator==(const BootFileName&, const BootFileName&) = default;
};

/// "<name>_<version>.efi" or "<name>_<version>+<left>-<done>.efi".
std::string to_text(const BootFileName& name);
/// Reads both forms, also "+<left>" without the tries done, and names in any case of ".efi". Empty for every
/// other file: it is none of ours.
std::optional<BootFileName> find_boot_file_name(std::string_view text);

}  // namespace cairn::layout
