#include "installer/health/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/files.h"

namespace cairn::health {
namespace {

using namespace std::chrono_literals;

/// The condition that `health.checks.one` describes.
Condition plan_one(const char* table) {
    const Json settings = {{"health", {{"checks", {{"one", parse_json(table, "test")}}}}}};
    return plan_health(settings, "/nowhere").checks.at(4).condition;
}

std::vector<std::string> kinds_of(const HealthPlan& plan) {
    std::vector<std::string> kinds;
    for (const Check& check : plan.checks) kinds.emplace_back(kind_of(check.condition));
    return kinds;
}

TEST(HealthPlan, EverySystemIsAskedForServicesApiSettingsAndRoot) {
    EXPECT_THAT(kinds_of(plan_health(nullptr, "/nowhere")),
                testing::ElementsAre("services", "api", "settings", "root"));
    EXPECT_EQ(plan_health(nullptr, "/nowhere").deadline, usual_deadline);
    EXPECT_EQ(plan_health({{"health", {{"deadline_seconds", 60}}}}, "/nowhere").deadline, 60s);
}

TEST(HealthPlan, ReadsEachKindOfCheck) {
    EXPECT_EQ(plan_one(R"({"kind": "http", "url": "http://[::1]:8080/ready", "status": 204,
                           "timeout_seconds": 9, "host": "127.0.0.1"})"),
              Condition(HttpStatus{"::1", 8080, "/ready", 204, 9s}));
    EXPECT_EQ(plan_one(R"({"kind": "http", "url": "http://[::1]"})"), Condition(HttpStatus{"::1", 80, "/"}));
    EXPECT_EQ(plan_one(R"({"kind": "http", "url": "http://localhost:81"})"),
              Condition(HttpStatus{"localhost", 81, "/", 200, 5s}));
    EXPECT_EQ(plan_one(R"({"kind": "tcp", "port": 22, "path": null})"),
              Condition(TcpConnects{"127.0.0.1", 22, 5s}));
    EXPECT_EQ(plan_one(R"({"kind": "service", "service": "app"})"), Condition(ServiceUp{"app"}));
    EXPECT_EQ(plan_one(R"({"kind": "file_age", "path": "/var/log/x", "max_seconds": 90})"),
              Condition(FileAge{"/var/log/x", 90s}));
}

TEST(HealthPlan, AWrongDescriptionIsACheckThatSaysWhy) {
    EXPECT_EQ(plan_one(R"({"kind": "tcp"})"),
              Condition(Misdescribed{"'port' is missing or no whole number"}));
    EXPECT_EQ(plan_one(R"({"kind": "luck"})"), Condition(Misdescribed{"'luck' is no kind of check"}));
    EXPECT_EQ(plan_one(R"({"kind": "http", "url": "https://a/"})"),
              Condition(Misdescribed{"'https://a/' is no address such as http://127.0.0.1:8080/ready"}));
    for (const char* wrong :
         {"[]", "7", R"({"kind": "http"})", R"({"kind": "http", "url": "http://:80/"})",
          R"({"kind": "http", "url": "http://a:/"})", R"({"kind": "http", "url": "http://a:70000"})",
          R"({"kind": "http", "url": "http://a:1", "status": 20})", R"({"kind": "service", "service": 7})",
          R"({"kind": "tcp", "port": 70000})", R"({"kind": "file_age", "path": "x"})",
          R"({"kind": "file_age", "path": "/x", "max_seconds": 0})"})
        EXPECT_EQ(kind_of(plan_one(wrong)), "setting") << wrong;
}

TEST(HealthPlan, HasTheImagesProgramsInOrder) {
    const TemporaryDirectory root;
    const auto folder = root.path() / "usr/lib/cairn/health.d";
    make_directories(folder / "folder");
    write_file(folder / "20-b", "", 0755);
    write_file(folder / "10-a", "", 0755);
    write_file(folder / "README", "");
    const HealthPlan plan = plan_health(nullptr, root.path());
    ASSERT_EQ(plan.checks.size(), 6U);
    EXPECT_EQ(plan.checks[4].name, "10-a");
    EXPECT_EQ(plan.checks[4].condition, Condition(ProgramSucceeds{folder / "10-a"}));
    EXPECT_EQ(plan.checks[5].name, "20-b");
}

}  // namespace
}  // namespace cairn::health
