#include "installer/daemon/clock.h"

#include <time.h>

namespace cairn::daemon {
namespace {

std::int64_t read_seconds(clockid_t clock) {
    timespec time = {};
    clock_gettime(clock, &time);
    return time.tv_sec;
}

}  // namespace

std::int64_t SystemClock::now() const {
    return read_seconds(CLOCK_REALTIME);
}

std::int64_t SystemClock::since_boot() const {
    return read_seconds(CLOCK_BOOTTIME);
}

}  // namespace cairn::daemon
