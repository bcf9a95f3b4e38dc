#include "installer/health/monitor.h"

#include <algorithm>
#include <format>

namespace cairn::health {

namespace {

bool does_api_answer(const HealthReport& report) {
    return std::ranges::any_of(report.checks,
                               [](const CheckResult& check) { return check.kind == "api" && check.is_ok; });
}

}  // namespace

std::string_view to_text(Status status) {
    switch (status) {
        case Status::starting:
            return "starting";
        case Status::good:
            return "good";
        case Status::failing:
            return "failing";
    }
    return "";
}

void HealthMonitor::take(const HealthReport& report, Time now) {
    report_ = report;
    newest_ = now;
    if (!report.is_good())
        good_since_.reset();
    else if (!good_since_)
        good_since_ = now;
}

bool HealthMonitor::has_settled() const {
    return good_since_ && newest_ - *good_since_ >= settling;
}

bool HealthMonitor::is_overdue(Time now) const {
    return now >= situation_.deadline;
}

std::string HealthMonitor::describe_failure() const {
    if (!report_) return "no check came to its end in time";
    if (!report_->is_good()) return report_->cause();
    if (!has_settled()) return "the checks did not all hold for long enough in time";
    return obstacle_;
}

std::optional<Step> HealthMonitor::next_step(Time now) const {
    if (is_failed_) return std::nullopt;
    if (!is_reached_ && report_ && does_api_answer(*report_)) return Step{Step::Kind::reached};
    if (!is_confirmed_ && has_settled() && obstacle_.empty()) return Step{Step::Kind::confirm};
    if (!is_confirmed_ && situation_.is_on_trial && is_overdue(now))
        return Step{Step::Kind::fail_trial, describe_failure()};
    if (!is_confirmed_ && has_settled()) return Step{Step::Kind::confirm};
    if (!situation_.has_trial_to_judge || is_judged_) return std::nullopt;
    if (is_confirmed_) return Step{Step::Kind::judge};
    if (is_overdue(now)) return Step{Step::Kind::judge, describe_failure()};
    return std::nullopt;
}

void HealthMonitor::done(Step::Kind kind) {
    switch (kind) {
        case Step::Kind::reached:
            is_reached_ = true;
            return;
        case Step::Kind::confirm:
            is_confirmed_ = true;
            return;
        case Step::Kind::fail_trial:
            is_failed_ = true;
            return;
        case Step::Kind::judge:
            is_judged_ = true;
            return;
    }
}

void HealthMonitor::could_not(const Step& step, const std::string& why) {
    if (step.kind == Step::Kind::reached)
        is_reached_ = true;  // a boot that is counted as lost is the lesser evil
    else if (step.kind == Step::Kind::confirm)
        obstacle_ = std::format("all checks hold, but it could not be made good: {}", why);
}

Status HealthMonitor::status(Time now) const {
    if (is_failed_) return Status::failing;
    if (has_settled()) return Status::good;
    if (is_confirmed_) return report_ && report_->is_good() ? Status::good : Status::failing;
    return is_overdue(now) ? Status::failing : Status::starting;
}

std::optional<std::chrono::seconds> HealthMonitor::deadline_left(Time now) const {
    if (is_confirmed_ || is_failed_ || is_overdue(now)) return std::nullopt;
    return std::chrono::ceil<std::chrono::seconds>(situation_.deadline - now);
}

}  // namespace cairn::health
