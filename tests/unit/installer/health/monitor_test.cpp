#include "installer/health/monitor.h"

#include <gtest/gtest.h>

namespace cairn::health {
namespace {

using namespace std::chrono_literals;
using Kind = Step::Kind;

HealthReport make_report(bool is_app_ok, bool is_api_ok = true) {
    return {.checks = {{.name = "api", .kind = "api", .is_ok = is_api_ok, .message = "m"},
                       {.name = "app", .kind = "service", .is_ok = is_app_ok, .message = "is down"}}};
}
const HealthReport good = make_report(true);
const HealthReport bad = make_report(false);
const HealthReport silent = make_report(true, false);

/// A monitor whose owner carries every step out at once.
class Owner {
  public:
    explicit Owner(const Situation& situation) : monitor(situation) {}

    /// The steps that follow from a report.
    std::vector<Step> take(const HealthReport& report, HealthMonitor::Time now) {
        monitor.take(report, now);
        return carry_out(now);
    }
    std::vector<Step> carry_out(HealthMonitor::Time now) {
        std::vector<Step> steps;
        while (const auto step = monitor.next_step(now)) {
            steps.push_back(*step);
            monitor.done(step->kind);
        }
        return steps;
    }

    HealthMonitor monitor;
};

const Situation usual = {.deadline = 180s};
const Situation trial = {.is_on_trial = true, .deadline = 180s};
const Situation fallback = {.has_trial_to_judge = true, .deadline = 180s};
const std::vector<Step> none;

TEST(HealthMonitor, ABootIsGoodWhenAllHasHeldForAWhile) {
    for (const Situation& situation : {usual, trial}) {
        Owner owner(situation);
        EXPECT_EQ(owner.take(silent, 20s), none);
        EXPECT_EQ(owner.monitor.status(20s), Status::starting);
        EXPECT_EQ(owner.monitor.deadline_left(20s), 160s);
        EXPECT_EQ(owner.take(good, 22s), std::vector{Step{Kind::reached}});
        EXPECT_EQ(owner.take(good, 30s), none);
        EXPECT_EQ(owner.take(good, 32s), std::vector{Step{Kind::confirm}});
        EXPECT_EQ(owner.monitor.status(32s), Status::good);
        EXPECT_TRUE(owner.monitor.is_confirmed());
        EXPECT_FALSE(owner.monitor.deadline_left(32s));
    }
}

TEST(HealthMonitor, AFailureInBetweenBeginsTheWaitAnew) {
    Owner owner(trial);
    owner.take(good, 20s);
    EXPECT_EQ(owner.take(bad, 25s), none);
    EXPECT_EQ(owner.take(good, 28s), none);
    EXPECT_EQ(owner.take(good, 35s), none);
    EXPECT_EQ(owner.take(good, 38s), std::vector{Step{Kind::confirm}});
}

TEST(HealthMonitor, ATrialFailsAtTheDeadlineWithItsCause) {
    Owner owner(trial);
    owner.take(bad, 100s);
    EXPECT_EQ(owner.carry_out(179s), none);
    EXPECT_EQ(owner.carry_out(180s), (std::vector{Step{Kind::fail_trial, "check 'app': is down"}}));
    EXPECT_EQ(owner.monitor.status(180s), Status::failing);
    EXPECT_EQ(owner.take(good, 300s), none);
}

TEST(HealthMonitor, ATrialFailsAlsoWhenNoCheckEverEnds) {
    Owner owner(trial);
    EXPECT_EQ(owner.carry_out(181s),
              (std::vector{Step{Kind::fail_trial, "no check came to its end in time"}}));
}

TEST(HealthMonitor, WhatIsNotOnTrialIsReportedAndNeverRestarted) {
    Owner owner(usual);
    EXPECT_EQ(owner.take(bad, 100s), std::vector{Step{Kind::reached}});
    EXPECT_EQ(owner.carry_out(1000s), none);
    EXPECT_EQ(owner.monitor.status(1000s), Status::failing);
    owner.take(good, 2000s);
    EXPECT_EQ(owner.take(good, 2010s), std::vector{Step{Kind::confirm}});
    EXPECT_EQ(owner.take(bad, 3000s), none);
    EXPECT_EQ(owner.monitor.status(3000s), Status::failing);
    EXPECT_EQ(owner.take(good, 3001s), none);
    EXPECT_EQ(owner.monitor.status(3001s), Status::good);
}

TEST(HealthMonitor, AConfirmedTrialIsNeverRestarted) {
    Owner owner(trial);
    owner.take(good, 20s);
    owner.take(good, 30s);
    EXPECT_EQ(owner.take(bad, 500s), none);
}

TEST(HealthMonitor, TheOlderVersionJudgesAFailedTrialOnce) {
    Owner passes(fallback);
    passes.take(good, 20s);
    EXPECT_EQ(passes.take(good, 30s), (std::vector{Step{Kind::confirm}, Step{Kind::judge}}));

    Owner fails(fallback);
    fails.take(bad, 100s);
    EXPECT_EQ(fails.carry_out(180s), (std::vector{Step{Kind::judge, "check 'app': is down"}}));
    fails.take(good, 200s);
    EXPECT_EQ(fails.take(good, 210s), std::vector{Step{Kind::confirm}});
}

TEST(HealthMonitor, AStepThatCouldNotBeCarriedOutComesAgain) {
    HealthMonitor monitor(trial);
    monitor.take(good, 20s);
    monitor.done(Kind::reached);
    monitor.take(good, 30s);
    monitor.could_not({Kind::confirm}, "the disk is full");
    EXPECT_EQ(monitor.next_step(31s), Step{Kind::confirm});
    EXPECT_EQ(monitor.next_step(180s)->kind, Kind::fail_trial);
    EXPECT_NE(monitor.next_step(180s)->cause.find("the disk is full"), std::string::npos);
}

TEST(HealthMonitor, GoodInTheLastMomentIsGood) {
    HealthMonitor monitor(trial);
    monitor.done(Kind::reached);
    monitor.take(good, 170s);
    monitor.take(good, 180s);
    EXPECT_EQ(monitor.next_step(180s), Step{Kind::confirm});
}

}  // namespace
}  // namespace cairn::health
