#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "installer/daemon/device.h"
#include "installer/health/monitor.h"

namespace cairn::daemon {

/// Judges this boot: has the checks made, and the helper carry out what follows from them
/// (installer/health/monitor.h). One thread calls step() again and again; any may ask for the report.
class HealthLoop {
  public:
    struct Powers {
        std::function<health::HealthPlan()> plan;  // from the settings as they are now
        health::Probe& probe;
        std::function<void()> on_judged;  // the boot record or the deny list has changed
    };
    HealthLoop(Device device, Powers powers);

    /// Checks once, and carries out what is to be done. Throws nothing: what fails is tried again by the next
    /// step, and told in the log.
    void step();

    /// The answer of GET /health.
    Json report() const;

  private:
    bool learn_situation(const health::HealthPlan& plan);
    bool carry_out(const health::Step& step);
    void publish_change();
    health::HealthMonitor::Time now() const;
    void say(const std::string& line);

    Device device_;
    Powers powers_;
    mutable std::mutex mutex_;
    std::optional<health::HealthMonitor> monitor_;  // guarded by mutex_; empty until the helper was asked
    std::string last_said_;
    Json last_published_;
};

}  // namespace cairn::daemon
