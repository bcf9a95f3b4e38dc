#pragma once

#include <cstdint>

namespace cairn::daemon {

/// The time, as a power: tests have one of their own.
class Clock {
  public:
    virtual ~Clock() = default;
    /// Seconds since 1970, by the machine's clock, which may be set at any time.
    virtual std::int64_t now() const = 0;
    /// Seconds since the machine started, sleep included. Only goes forward, also over restarts of the
    /// daemon.
    virtual std::int64_t since_boot() const = 0;
};

class SystemClock final : public Clock {
  public:
    std::int64_t now() const override;
    std::int64_t since_boot() const override;
};

}  // namespace cairn::daemon
