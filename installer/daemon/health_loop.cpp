#include "installer/daemon/health_loop.h"

#include <print>

#include "installer/api/errors.h"
#include "installer/daemon/device_files.h"

namespace cairn::daemon {
namespace {

using health::Step;

std::string_view to_verb(Step::Kind kind) {
    switch (kind) {
        case Step::Kind::reached:
            return "reached";
        case Step::Kind::confirm:
            return "confirm";
        case Step::Kind::fail_trial:
            return "fail_boot";
        case Step::Kind::judge:
            return "judge";
    }
    return "";
}

Json to_arguments(const Step& step) {
    if (step.kind == Step::Kind::fail_trial) return {{"cause", step.cause}};
    if (step.kind == Step::Kind::judge) return {{"failure", step.cause.empty() ? Json() : Json(step.cause)}};
    return Json::object();
}

Json to_json(const health::CheckResult& check) {
    return {{"name", check.name},
            {"kind", check.kind},
            {"ok", check.is_ok},
            {"message", check.output.empty() ? check.message : check.message + "\n" + check.output}};
}

}  // namespace

HealthLoop::HealthLoop(Device device, Powers powers)
    : device_(std::move(device)), powers_(std::move(powers)) {}

void HealthLoop::step() {
    try {
        const health::HealthPlan plan = powers_.plan();
        if (!learn_situation(plan)) return;
        const health::HealthReport report = health::check_health(plan, powers_.probe);
        {
            const std::scoped_lock lock(mutex_);
            monitor_->take(report, now());
        }
        // Each step may open the way for the next: a boot that is confirmed then judges.
        for (;;) {
            std::optional<Step> next;
            {
                const std::scoped_lock lock(mutex_);
                next = monitor_->next_step(now());
            }
            if (!next || !carry_out(*next)) break;
        }
        publish_change();
    } catch (const std::exception& error) {
        say(error.what());
    }
}

/// What this boot is: the helper knows, as soon as it answers.
bool HealthLoop::learn_situation(const health::HealthPlan& plan) {
    {
        const std::scoped_lock lock(mutex_);
        if (monitor_) return true;
    }
    Json state;
    try {
        state = device_.helper.call("state", Json::object());
    } catch (const std::exception& error) {
        say(std::format("health waits for the helper: {}", error.what()));
        return false;
    }
    const std::scoped_lock lock(mutex_);
    monitor_.emplace(
        health::Situation{.is_on_trial = is_true(state.value("running", Json::object()), "on_trial"),
                          .has_trial_to_judge = state.value("failed_trial", Json()).is_object(),
                          .deadline = plan.deadline});
    return true;
}

bool HealthLoop::carry_out(const Step& step) {
    const std::string verb(to_verb(step.kind));
    try {
        device_.helper.call(verb, to_arguments(step));
    } catch (const std::exception& error) {
        say(std::format("'{}' could not be done: {}", verb, error.what()));
        const std::scoped_lock lock(mutex_);
        monitor_->could_not(step, error.what());
        return false;
    }
    say(std::format("'{}' is done{}{}", verb, step.cause.empty() ? "" : ": ", step.cause));
    {
        const std::scoped_lock lock(mutex_);
        monitor_->done(step.kind);
    }
    powers_.on_judged();
    return true;
}

Json HealthLoop::report() const {
    const std::scoped_lock lock(mutex_);
    if (!monitor_)
        return {{"status", "starting"},
                {"boot_confirmed", false},
                {"deadline_seconds_left", nullptr},
                {"checks", Json::array()}};
    Json checks = Json::array();
    if (monitor_->report())
        for (const health::CheckResult& check : monitor_->report()->checks) checks.push_back(to_json(check));
    const auto left = monitor_->deadline_left(now());
    return {{"status", health::to_text(monitor_->status(now()))},
            {"boot_confirmed", monitor_->is_confirmed()},
            {"deadline_seconds_left", left ? Json(left->count()) : Json()},
            {"checks", checks}};
}

/// The seconds that are left change all the time and are no event.
void HealthLoop::publish_change() {
    const Json all = report();
    Json seen = all;
    seen.erase("deadline_seconds_left");
    if (seen == last_published_) return;
    last_published_ = std::move(seen);
    if (device_.publish) device_.publish("health", all);
}

health::HealthMonitor::Time HealthLoop::now() const {
    return std::chrono::seconds(device_.clock.since_boot());
}

/// What is the same as before is not said again.
void HealthLoop::say(const std::string& line) {
    if (line == last_said_) return;
    last_said_ = line;
    std::println(stderr, "{}", line);
}

}  // namespace cairn::daemon
