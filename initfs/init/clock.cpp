#include "initfs/init/clock.h"

#include <sys/time.h>

#include <charconv>
#include <chrono>
#include <ctime>

namespace cairn::init {

namespace {

constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";  // d: a digit

bool has_form(std::string_view text) {
    if (text.size() != form.size()) return false;
    for (std::size_t at = 0; at < form.size(); ++at) {
        const bool is_digit = text[at] >= '0' && text[at] <= '9';
        if (form[at] == 'd' ? !is_digit : text[at] != form[at]) return false;
    }
    return true;
}

unsigned number_at(std::string_view text, std::size_t at, std::size_t length) {
    unsigned number = 0;
    std::from_chars(text.data() + at, text.data() + at + length, number);
    return number;
}

}  // namespace

std::optional<std::int64_t> find_utc_time(std::string_view text) {
    using namespace std::chrono;
    if (!has_form(text)) return std::nullopt;
    const year_month_day date(year(static_cast<int>(number_at(text, 0, 4))), month(number_at(text, 5, 2)),
                              day(number_at(text, 8, 2)));
    const unsigned hour = number_at(text, 11, 2);
    const unsigned minute = number_at(text, 14, 2);
    const unsigned second = number_at(text, 17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return sys_seconds(sys_days(date) + hours(hour) + minutes(minute) + seconds(second))
        .time_since_epoch()
        .count();
}

bool set_clock_not_before(std::int64_t build_time) {
    if (std::time(nullptr) >= build_time) return false;
    const timeval time = {.tv_sec = static_cast<time_t>(build_time), .tv_usec = 0};
    return settimeofday(&time, nullptr) == 0;
}

}  // namespace cairn::init
