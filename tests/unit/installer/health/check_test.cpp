#include "installer/health/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_probe.h"

namespace cairn::health {
namespace {

using namespace std::chrono_literals;
using services::ServiceState;
using testing::HasSubstr;

CheckResult check_one(Condition condition, FakeProbe& probe) {
    const HealthReport report = check_health({.checks = {{"one", std::move(condition)}}}, probe);
    EXPECT_EQ(report.is_good(), report.cause().empty());
    return report.checks.at(0);
}

TEST(CheckHealth, ReportsEachCheckOfAMachineThatIsWell) {
    FakeProbe probe;
    probe.pages["::1:80/"] = {.status = 200};
    probe.programs["/d/10-a"] = {.status = 0, .output = "noise"};
    probe.ages["/f"] = 5s;
    const HealthPlan plan = {.checks = {{"services", ServicesUp{}},
                                        {"api", ApiAnswers{}},
                                        {"settings", SettingsReadable{}},
                                        {"10-a", ProgramSucceeds{"/d/10-a"}},
                                        {"web", HttpStatus{.host = "::1"}},
                                        {"ssh", TcpConnects{"::1", 22}},
                                        {"app", ServiceUp{"app"}},
                                        {"file", FileAge{"/f", 5s}}}};
    const HealthReport report = check_health(plan, probe);
    EXPECT_TRUE(report.is_good()) << report.cause();
    ASSERT_EQ(report.checks.size(), plan.checks.size());
    EXPECT_EQ(
        report.checks[0],
        (CheckResult{
            .name = "services", .kind = "services", .is_ok = true, .message = "all 2 are up", .output = ""}));
    EXPECT_EQ(report.checks[3].output, "");
}

TEST(CheckHealth, AServiceThatIsNotUpFailsWithItsLog) {
    FakeProbe probe;
    probe.services.services[0].state = ServiceState::failed;
    probe.services.services[0].last_exit = services::Ending{.code = 3};
    probe.logs["app"] = "cannot open the database\n";
    for (const Condition& condition : {Condition(ServicesUp{}), Condition(ServiceUp{"app"})}) {
        const CheckResult result = check_one(condition, probe);
        EXPECT_FALSE(result.is_ok);
        EXPECT_EQ(result.message, "service 'app' is failed, last: exit code 3");
        EXPECT_EQ(result.output, "log of 'app':\ncannot open the database\n");
    }
    EXPECT_TRUE(check_one(ServiceUp{"klog"}, probe).is_ok);
}

TEST(CheckHealth, AServiceThatKeepsEndingDoesNotRecover) {
    FakeProbe probe;
    probe.services.services[1].recent_restarts = services::many_restarts - 1;
    EXPECT_TRUE(check_one(ServicesUp{}, probe).is_ok);
    probe.services.services[1].recent_restarts = services::many_restarts;
    EXPECT_THAT(check_one(ServicesUp{}, probe).message, HasSubstr("'klog' ended 5 times"));
}

TEST(CheckHealth, NobodyHasToBeLoggedIn) {
    FakeProbe probe;
    probe.services.services[0].may_end = true;
    probe.services.services[0].state = ServiceState::failed;
    EXPECT_TRUE(check_one(ServicesUp{}, probe).is_ok);
}

TEST(CheckHealth, WithoutServicesNothingIsWell) {
    FakeProbe probe;
    probe.services.services.clear();
    EXPECT_FALSE(check_one(ServicesUp{}, probe).is_ok);
    EXPECT_EQ(check_one(ServiceUp{"app"}, probe).message, "there is no service 'app'");
}

TEST(CheckHealth, TheApiMustAnswerWhateverItSays) {
    FakeProbe probe;
    probe.api = {.status = 403};
    EXPECT_TRUE(check_one(ApiAnswers{}, probe).is_ok);
    probe.api = {.status = 503};
    EXPECT_FALSE(check_one(ApiAnswers{}, probe).is_ok);
    probe.api = {.why = "no answer in time"};
    EXPECT_EQ(check_one(ApiAnswers{}, probe).message, "the API does not answer: no answer in time");
}

TEST(CheckHealth, SettingsThatCannotBeUsedFail) {
    FakeProbe probe;
    probe.settings_problem = "file is torn";
    EXPECT_EQ(check_one(SettingsReadable{}, probe).output, "file is torn");
}

TEST(CheckHealth, ARootWithDamagedBlocksFails) {
    FakeProbe probe;
    EXPECT_TRUE(check_one(RootIntact{}, probe).is_ok);
    probe.root_damage = "data block 7 is corrupted";
    EXPECT_EQ(check_one(RootIntact{}, probe).output, "data block 7 is corrupted");
}

TEST(CheckHealth, AProgramFailsByItsStatusOrByTakingTooLong) {
    FakeProbe probe;
    probe.programs["/p"] = {.status = 7, .output = "no disk"};
    EXPECT_EQ(check_one(ProgramSucceeds{"/p"}, probe).message, "ended with exit status 7");
    EXPECT_EQ(check_one(ProgramSucceeds{"/p"}, probe).output, "no disk");
    probe.programs["/p"] = {};
    EXPECT_EQ(check_one(ProgramSucceeds{"/p"}, probe).message, "took too long and was ended");
}

TEST(CheckHealth, NetworkAndFileChecksSayWhatTheyFound) {
    FakeProbe probe;
    probe.pages["h:80/x"] = {.status = 404};
    EXPECT_EQ(check_one(HttpStatus{"h", 80, "/x", 200}, probe).message,
              "h:80/x answers with status 404 instead of 200");
    EXPECT_EQ(check_one(HttpStatus{"h", 81, "/x", 200}, probe).message, "h:81/x does not answer: refused");
    probe.refused["h:22"] = "refused";
    EXPECT_EQ(check_one(TcpConnects{"h", 22}, probe).message, "cannot connect to h:22: refused");
    EXPECT_EQ(check_one(FileAge{"/f", 5s}, probe).message, "there is no '/f'");
    probe.ages["/f"] = 6s;
    EXPECT_EQ(check_one(FileAge{"/f", 5s}, probe).message, "'/f' was written 6 s ago, 5 s are allowed");
    EXPECT_FALSE(check_one(Misdescribed{"'port' is missing"}, probe).is_ok);
}

TEST(HealthReport, ItsCauseNamesEveryFailureAndIsBounded) {
    HealthReport report = {.checks = {{.name = "a", .is_ok = true, .message = "ok"},
                                      {.name = "b", .message = "is down", .output = "last words\n"},
                                      {.name = "c", .message = "is late"}}};
    EXPECT_EQ(report.cause(), "check 'b': is down; check 'c': is late\nlast words");
    std::string letters;
    while (letters.size() < 8000) letters += "ä";
    report.checks[1].output = letters;
    EXPECT_LE(report.cause().size(), 4096U);
    EXPECT_EQ(report.cause().substr(report.cause().size() - 2), "ä");
}

}  // namespace
}  // namespace cairn::health
