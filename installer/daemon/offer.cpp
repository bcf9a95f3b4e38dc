#include "installer/daemon/offer.h"

#include <algorithm>
#include <array>
#include <format>
#include <string_view>

#include "installer/daemon/device_files.h"
#include "installer/settings/values.h"
#include "installer/update/choice.h"

namespace cairn::daemon {
namespace {

constexpr std::array<std::string_view, 7> days = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

/// Minutes after midnight of "23:05", as the schema has it.
unsigned to_minutes(const std::string& text) {
    if (text.size() != 5) return 0;
    const auto digit = [&](std::size_t at) { return static_cast<unsigned>(text[at] - '0'); };
    return (digit(0) * 10 + digit(1)) * 60 + digit(3) * 10 + digit(4);
}

std::optional<update::UpdateWindow> find_window(const Json& settings) {
    const Json* const set = settings::find_value(settings, "updates.window");
    if (set == nullptr || !set->is_object()) return std::nullopt;
    update::UpdateWindow window = {
        .days = {}, .start = to_minutes(text_of(*set, "start")), .end = to_minutes(text_of(*set, "end"))};
    for (const Json& day : set->value("days", Json::array()))
        if (const auto place = std::ranges::find(days, day.get<std::string>()); place != days.end())
            window.days.insert(static_cast<unsigned>(place - days.begin()));
    return window;
}

std::vector<slots::DeniedVersion> read_denied(const Json& state) {
    std::vector<slots::DeniedVersion> denied;
    for (const Json& version : state.value("denied", Json::array()))
        denied.push_back({.image = {.name = text_of(version, "name"), .version = text_of(version, "version")},
                          .ban = text_of(version, "ban") == "held" ? slots::Ban::held : slots::Ban::denied,
                          .cause = text_of(version, "cause"),
                          .time = number_of(version, "time")});
    return denied;
}

std::string find_text(const Json& settings, std::string_view path) {
    const Json* const value = settings::find_value(settings, path);
    return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

layout::Architecture read_architecture(const std::string& text) {
    const auto architecture = layout::find_architecture(text);
    if (!architecture)
        throw Error(std::format("this image says that it is for '{}', which is no architecture", text));
    return *architecture;
}

update::ChoiceContext make_context(const OfferRequest& request, std::uint32_t own_seed,
                                   std::int64_t utc_offset) {
    const Json* const ignore = settings::find_value(request.settings, "updates.ignore_waves");
    const std::string channel = find_text(request.settings, "updates.channel");
    const Json* const seed = settings::find_value(request.settings, "updates.seed");
    return {.name = request.image.name,
            .architecture = read_architecture(request.image.architecture),
            .version = request.image.version,
            .settings_format = request.image.settings_format,
            .version_floor = request.image.version_floor,
            .denied = read_denied(request.state),
            .channel = channel.empty() ? std::string(update::usual_channel) : channel,
            .pin = find_text(request.settings, "updates.pin"),
            .window = find_window(request.settings),
            .waves = ignore != nullptr && *ignore == true ? update::Waves::ignored : update::Waves::heeded,
            .seed = seed != nullptr && seed->is_number_unsigned() ? seed->get<std::uint32_t>() : own_seed,
            .now = request.now,
            .utc_offset = utc_offset,
            .asked = request.only.value_or("")};
}

}  // namespace

Offer choose_offer(const OfferRequest& request, std::uint32_t own_seed, std::int64_t utc_offset) {
    const update::Choice choice =
        update::choose_update(update::parse_updates_list(request.updates, "updates.json"),
                              make_context(request, own_seed, utc_offset));
    Offer offer;
    if (choice.chosen) {
        offer.version = choice.chosen->version;
        offer.date = choice.chosen->date;
        offer.notes = choice.chosen->notes;
    }
    for (const update::NotOffered& one : choice.not_offered)
        offer.not_offered.emplace_back(one.version, one.why);
    return offer;
}

}  // namespace cairn::daemon
