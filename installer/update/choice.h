#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "installer/slots/deny_list.h"
#include "installer/update/updates_list.h"

/// Which version a device takes of those that there are: a pure decision, with a reason in words for every
/// newer one that it does not take. The same for a repository on a server and on a stick.
///
/// Nobody may take another image, another architecture, a version below the floor, or one on the deny list.
/// Channel, pin, window, wave and settings floor hold for what the device takes by itself: an operator who
/// asks for a version by name passes over these.
namespace cairn::update {

/// When the device may update by itself, in local time.
struct UpdateWindow {
    std::set<unsigned> days;  // on which it begins, 0 is Sunday; empty: every day
    unsigned start = 0;       // minutes after midnight, 0 to 1439
    unsigned end = 0;         // at or before `start`: on the next day
    friend bool operator==(const UpdateWindow&, const UpdateWindow&) = default;
};

enum class Waves { heeded, ignored };

/// The channel of a device that nothing else was set for.
inline constexpr std::string_view usual_channel = "stable";

struct ChoiceContext {
    // What runs.
    std::string name;
    layout::Architecture architecture = layout::Architecture::x86_64;
    std::string version;
    std::uint64_t settings_format = 1;
    std::string version_floor = {};  // of its release.json
    std::vector<slots::DeniedVersion> denied = {};
    // Settings.
    std::string channel = std::string(usual_channel);
    std::string pin = {};  // the only version that is wanted, also when it is older; empty: the newest
    std::optional<UpdateWindow> window = {};
    Waves waves = Waves::heeded;
    // The device.
    std::uint32_t seed = 0;       // of its wave, 0 to 2047
    std::int64_t now = 0;         // seconds since 1970
    std::int64_t utc_offset = 0;  // seconds that local time is ahead
    /// The version that an operator asks for by name; empty: none.
    std::string asked = {};
};

enum class Refusal {
    other_image,
    other_architecture,
    denied,  // it failed here, or an operator rolled back from it
    held,    // it failed together with the running version
    below_floor,
    channel,
    pin,
    settings_floor,
    wave,
    window,
    not_asked,  // another one is asked for
};
/// "below_floor"
std::string_view to_text(Refusal refusal);

struct NotOffered {
    std::string version;
    Refusal refusal = Refusal::denied;
    std::string why;  // in words
    friend bool operator==(const NotOffered&, const NotOffered&) = default;
};

struct Choice {
    std::optional<OfferedVersion> chosen = {};
    /// Every version newer than what runs that stands above the chosen one, newest first; also the pinned or
    /// asked one when it is refused.
    std::vector<NotOffered> not_offered = {};
    friend bool operator==(const Choice&, const Choice&) = default;
};

/// Throws UsageError when an operator asks for a version that is not in the list, or runs already.
Choice choose_update(const UpdatesList& list, const ChoiceContext& context);

}  // namespace cairn::update
