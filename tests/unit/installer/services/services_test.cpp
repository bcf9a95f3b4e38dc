#include "installer/services/services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/installer/services/service_tree.h"

namespace cairn::services {
namespace {

using Process = SupervisorStatus::Process;
using testing::ElementsAre;

Service only_service(const ServiceTree& tree) {
    const ServiceList list = read_services(tree.root());
    EXPECT_EQ(list.services.size(), 1U);
    return list.services.at(0);
}

TEST(Services, AStateFollowsFromWhatTheSupervisorSays) {
    const struct {
        SupervisorStatus status;
        ServiceState state;
    } cases[] = {
        {{.process = Process::running, .is_wanted = true}, ServiceState::up},
        {{.process = Process::running, .is_wanted = false}, ServiceState::down},
        {{.process = Process::ended, .is_wanted = true}, ServiceState::failed},
        {{.process = Process::ended, .is_wanted = false}, ServiceState::down},
        {{.process = Process::none, .is_wanted = true}, ServiceState::down},
    };
    for (const auto& [status, state] : cases) {
        const ServiceTree tree;
        tree.add("one", status);
        EXPECT_EQ(only_service(tree).state, state);
    }
}

TEST(Services, TellWhichProcessRunsSinceWhen) {
    const ServiceTree tree;
    tree.add("one", {.process = Process::running, .is_wanted = true, .pid = 70'001, .since = 1'790'000'000});
    EXPECT_EQ(only_service(tree),
              (Service{.name = "one", .state = ServiceState::up, .pid = 70'001, .since = 1'790'000'000}));
}

TEST(Services, OneWithACheckIsUpWhileTheCheckHolds) {
    const ServiceTree tree;
    tree.add_running("hotplug");
    tree.write("run/service/hotplug/check", "");
    EXPECT_EQ(only_service(tree).state, ServiceState::starting);
    tree.write("run/service/hotplug/is-ready", "");
    EXPECT_EQ(only_service(tree).state, ServiceState::up);
}

TEST(Services, WhatCannotBeReadIsDown) {
    const ServiceTree tree;
    make_directories(tree.folder("folder") / "supervise/status");
    tree.write("run/service/short/supervise/status", "run");
    tree.write("run/service/file", "");
    EXPECT_THAT(names_not_up(read_services(tree.root())), ElementsAre("file", "folder", "short"));
}

TEST(Services, KnowHowOftenTheyStartedAgain) {
    const ServiceTree tree;
    tree.add_running("one");
    tree.write("proc/uptime", "1000.20 1.00\n");
    tree.write("run/service/one/endings", "3 390 1 0\n4 401 0 0\ntorn\n5 990 -1 11\n");
    const Service service = only_service(tree);
    EXPECT_EQ(service.restarts, 5U);
    EXPECT_EQ(service.recent_restarts, 2U);  // 390 was more than ten minutes ago
    EXPECT_EQ(service.last_exit, (Ending{.code = -1, .signal = 11}));
}

TEST(Services, SomeMayEnd) {
    const ServiceTree tree;
    tree.add_running("login");
    EXPECT_FALSE(only_service(tree).may_end);
    tree.write("run/service/login/may-end", "");
    EXPECT_TRUE(only_service(tree).may_end);
}

TEST(Services, HaveTheirOwnCrashRecords) {
    const ServiceTree tree;
    tree.add_running("one");
    const auto record = [](const char* service) {
        return std::string("crash 1\nservice ") + service +
               "\nboot b\ntime 5\nuptime 6\ncode 1\nsignal 0\n\n";
    };
    tree.write("var/lib/cairn/crashes/1", record("one"));
    tree.write("var/lib/cairn/crashes/2", record("other"));
    EXPECT_THAT(only_service(tree).crashes, ElementsAre(testing::Field(&Crash::service, "one")));
}

TEST(Services, KnowWhenAllWereUpOnce) {
    const ServiceTree tree;
    EXPECT_FALSE(read_services(tree.root()).have_all_been_up);
    tree.write("run/cairn/services-up", "6\n");
    EXPECT_TRUE(read_services(tree.root()).have_all_been_up);
}

TEST(ServiceLog, EndsWithItsNewestWholeLines) {
    const ServiceTree tree;
    tree.write("var/log/one/current", "first\nsecond\nthird\n");
    EXPECT_EQ(read_log_end(tree.root(), "one", 2), "second\nthird\n");
    EXPECT_EQ(read_log_end(tree.root(), "one", 9), "first\nsecond\nthird\n");
    EXPECT_EQ(read_log_end(tree.root(), "one", 9, 8), "third\n");
    EXPECT_EQ(read_log_end(tree.root(), "other", 9), "");
}

}  // namespace
}  // namespace cairn::services
