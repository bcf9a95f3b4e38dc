#include "installer/update/choice.h"

#include <algorithm>
#include <array>
#include <format>

#include "pkg/base/error.h"
#include "pkg/base/version_order.h"
#include "pkg/tuf/metadata.h"

namespace cairn::update {
namespace {

constexpr std::int64_t minute = 60;
constexpr std::int64_t day = 24 * 60 * minute;

/// A moment of local time, as a week has it.
struct LocalTime {
    unsigned weekday = 0;  // 0 is Sunday
    unsigned minute_of_day = 0;
};

LocalTime local_time(const ChoiceContext& context) {
    const std::int64_t local = context.now + context.utc_offset;
    const std::int64_t days = local >= 0 ? local / day : (local - day + 1) / day;
    // 1970 began on a Thursday.
    return {.weekday = static_cast<unsigned>(((days + 4) % 7 + 7) % 7),
            .minute_of_day = static_cast<unsigned>((local - days * day) / minute)};
}

bool begins_on(const UpdateWindow& window, unsigned weekday) {
    return window.days.empty() || window.days.contains(weekday);
}

bool is_open(const UpdateWindow& window, const LocalTime& time) {
    const bool goes_over_midnight = window.end <= window.start;
    const bool has_begun = begins_on(window, time.weekday) && time.minute_of_day >= window.start &&
                           (goes_over_midnight || time.minute_of_day < window.end);
    const bool goes_on =
        goes_over_midnight && begins_on(window, (time.weekday + 6) % 7) && time.minute_of_day < window.end;
    return has_begun || goes_on;
}

std::string describe(const UpdateWindow& window) {
    static constexpr std::array names = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    std::string days;
    for (const unsigned weekday : window.days)
        days += std::format("{}{}", days.empty() ? "" : ", ", names.at(weekday % names.size()));
    return std::format("{}{}{:02}:{:02} to {:02}:{:02}", days, days.empty() ? "" : " ", window.start / 60,
                       window.start % 60, window.end / 60, window.end % 60);
}

std::string name_channels(const OfferedVersion& offer) {
    std::string names;
    for (const std::string& channel : offer.channels)
        names += std::format("{}'{}'", names.empty() ? "" : ", ", channel);
    return names;
}

/// Checks one version against every rule, those that nobody passes over first.
class Judge {
  public:
    Judge(const UpdatesList& list, const ChoiceContext& context) : list_(list), context_(context) {}

    std::optional<NotOffered> refuse(const OfferedVersion& offer) const {
        if (auto refusal = refuse_by_rule(offer)) return refusal;
        if (context_.asked.empty()) return refuse_by_itself(offer);
        if (offer.version != context_.asked)
            return no(offer, Refusal::not_asked, std::format("version {} is asked for", context_.asked));
        return std::nullopt;
    }

  private:
    static NotOffered no(const OfferedVersion& offer, Refusal refusal, std::string why) {
        return {.version = offer.version, .refusal = refusal, .why = std::move(why)};
    }

    std::optional<NotOffered> refuse_by_rule(const OfferedVersion& offer) const {
        if (list_.name != context_.name)
            return no(offer, Refusal::other_image,
                      std::format("it is of image '{}', this device runs '{}'", list_.name, context_.name));
        if (list_.architecture != context_.architecture)
            return no(offer, Refusal::other_architecture,
                      std::format("it is for {}, this device is {}", layout::to_text(list_.architecture),
                                  layout::to_text(context_.architecture)));
        for (const std::string& floor : {context_.version_floor, list_.version_floor})
            if (!floor.empty() && compare_versions(offer.version, floor) < 0)
                return no(offer, Refusal::below_floor,
                          std::format("nothing below version {} is taken", floor));
        return refuse_denied(offer);
    }

    std::optional<NotOffered> refuse_denied(const OfferedVersion& offer) const {
        const slots::ImageVersion image = {.name = list_.name, .version = offer.version};
        const auto found = std::ranges::find(context_.denied, image, &slots::DeniedVersion::image);
        if (found == context_.denied.end()) return std::nullopt;
        if (found->ban == slots::Ban::held)
            return no(offer, Refusal::held,
                      std::format("it is held until the running version is good: {}", found->cause));
        return no(offer, Refusal::denied, std::format("it is on the deny list: {}", found->cause));
    }

    std::optional<NotOffered> refuse_by_itself(const OfferedVersion& offer) const {
        if (!context_.pin.empty() && offer.version != context_.pin)
            return no(offer, Refusal::pin, std::format("this device is pinned to version {}", context_.pin));
        if (!offer.channels.empty() && !std::ranges::contains(offer.channels, context_.channel))
            return no(offer, Refusal::channel,
                      std::format("it is in channel {}, this device is in '{}'", name_channels(offer),
                                  context_.channel));
        if (context_.settings_format < offer.settings_floor)
            return no(offer, Refusal::settings_floor,
                      std::format("after it there is no way back to settings of format {}, which this device "
                                  "has: somebody has to ask for it",
                                  context_.settings_format));
        if (auto refusal = refuse_by_wave(offer)) return refusal;
        if (context_.window && !is_open(*context_.window, local_time(context_)))
            return no(offer, Refusal::window,
                      std::format("outside the window: {}", describe(*context_.window)));
        return std::nullopt;
    }

    std::optional<NotOffered> refuse_by_wave(const OfferedVersion& offer) const {
        if (context_.waves == Waves::ignored || offer.waves.empty()) return std::nullopt;
        const auto wave = std::ranges::find_if(
            offer.waves, [&](const Wave& each) { return context_.seed < each.seeds_below; });
        if (wave == offer.waves.end())
            return no(offer, Refusal::wave, "no wave has reached this device's seed yet");
        if (wave->start > context_.now)
            return no(offer, Refusal::wave,
                      std::format("this device's wave starts at {}", tuf::format_time(wave->start)));
        return std::nullopt;
    }

    const UpdatesList& list_;
    const ChoiceContext& context_;
};

void check_asked(const UpdatesList& list, const ChoiceContext& context) {
    if (context.asked.empty()) return;
    if (context.asked == context.version)
        throw UsageError(std::format("version {} is the one that runs", context.asked));
    if (!std::ranges::contains(list.versions, context.asked, &OfferedVersion::version))
        throw UsageError(
            std::format("the repository has no version {} of image '{}'", context.asked, list.name));
}

}  // namespace

std::string_view to_text(Refusal refusal) {
    switch (refusal) {
        case Refusal::other_image:
            return "other_image";
        case Refusal::other_architecture:
            return "other_architecture";
        case Refusal::denied:
            return "denied";
        case Refusal::held:
            return "held";
        case Refusal::below_floor:
            return "below_floor";
        case Refusal::channel:
            return "channel";
        case Refusal::pin:
            return "pin";
        case Refusal::settings_floor:
            return "settings_floor";
        case Refusal::wave:
            return "wave";
        case Refusal::window:
            return "window";
        case Refusal::not_asked:
            return "not_asked";
    }
    fail_check("Refusal", __FILE__, __LINE__);
}

Choice choose_update(const UpdatesList& list, const ChoiceContext& context) {
    check_asked(list, context);
    const Judge judge(list, context);
    const std::string& wanted = context.asked.empty() ? context.pin : context.asked;
    Choice choice;
    for (const OfferedVersion& offer : list.versions) {
        if (offer.version == context.version) continue;
        const bool is_newer = compare_versions(offer.version, context.version) > 0;
        if (!is_newer && offer.version != wanted) continue;
        if (auto refusal = judge.refuse(offer)) {
            choice.not_offered.push_back(*std::move(refusal));
            continue;
        }
        choice.chosen = offer;
        break;
    }
    return choice;
}

}  // namespace cairn::update
