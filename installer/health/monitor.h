#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "installer/health/check.h"

/// When a boot counts as good, and what follows from that or from its failing: decisions without powers.
///
///     starting --API answers--> Step reached, once in each boot: it is not lost
///     starting --all checks hold for 10 s--> good: Step confirm; a failed trial of another version: judge
///     starting --deadline, on trial--> failing: Step fail_trial: the machine restarts
///     starting --deadline, else--> failing: a failed trial of another version: judge, with the failure
///     good <--> failing, as the checks say, for ever; nothing more follows from it, never a restart
///
/// Who owns it asks for `next_step` after each report and each second, carries it out, and says so with
/// `done`. A step that could not be carried out is simply not said to be done: it comes again. When that
/// lasts beyond the deadline of a trial, the trial has failed.
namespace cairn::health {

enum class Status { starting, good, failing };
/// "starting", "good" or "failing"
std::string_view to_text(Status status);

struct Step {
    enum class Kind {
        reached,     // note in the boot record that this boot came as far as the API
        confirm,     // the running version is good
        fail_trial,  // note the cause and restart
        judge,  // of the failed trial of another version: it alone fails, or (with a cause) so does this one
    } kind = Kind::reached;
    std::string cause =
        {};  // for fail_trial; for judge: why the running version fails too, "" when it does not
    friend bool operator==(const Step&, const Step&) = default;
};

/// What this boot is, before anything was checked.
struct Situation {
    bool is_on_trial = false;
    bool has_trial_to_judge = false;  // a newer version failed its trial, and this older one came up instead
    std::chrono::seconds deadline = usual_deadline;
};

/// Times are those since the boot began (the monotonic clock's).
class HealthMonitor {
  public:
    using Time = std::chrono::milliseconds;

    explicit HealthMonitor(const Situation& situation) : situation_(situation) {}

    void take(const HealthReport& report, Time now);
    std::optional<Step> next_step(Time now) const;
    /// Of what next_step gave last.
    void done(Step::Kind kind);
    /// Why the last step could not be carried out, for the cause of a trial that fails by it.
    void could_not(const Step& step, const std::string& why);

    Status status(Time now) const;
    bool is_confirmed() const { return is_confirmed_; }
    /// Empty once it is decided.
    std::optional<std::chrono::seconds> deadline_left(Time now) const;
    const std::optional<HealthReport>& report() const { return report_; }

    /// So long everything must hold, in one go: a service that ends right after its start looks well at
    /// first.
    static constexpr Time settling = std::chrono::seconds(10);

  private:
    bool has_settled() const;
    bool is_overdue(Time now) const;
    std::string describe_failure() const;

    Situation situation_;
    std::optional<HealthReport> report_;
    std::optional<Time> good_since_;  // first of the good reports in a row
    Time newest_{0};                  // time of the report
    bool is_reached_ = false;
    bool is_confirmed_ = false;
    bool is_failed_ = false;
    bool is_judged_ = false;
    std::string obstacle_;
};

}  // namespace cairn::health
