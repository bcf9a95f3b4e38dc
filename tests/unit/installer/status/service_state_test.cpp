#include "installer/status/service_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/installer/status/status_tree.h"

namespace cairn::status {
namespace {

using testing::ElementsAre;

TEST(ServiceState, AsksTheSupervisorAndTheServicesThemselves) {
    StatusTree tree;
    tree.add_service("good", "run\n");
    tree.add_service("ready", "run\n", "#!/bin/sh\necho noise; exit 0\n");
    tree.add_service("starting", "run\n", "#!/bin/sh\nexit 1\n");
    tree.add_service("ended", "finish\n");
    make_directories(tree.root() / "run/service/new");
    const ServiceState state = read_services(tree.root());
    EXPECT_EQ(state.count, 5U);
    EXPECT_THAT(state.down, ElementsAre("ended", "new", "starting"));
    EXPECT_FALSE(state.have_all_been_up);
}

TEST(ServiceState, RunsChecksInTheServicesFolder) {
    StatusTree tree;
    tree.add_service("hotplug", "run\n", "#!/bin/sh\nexec test -e ready\n");
    EXPECT_THAT(read_services(tree.root()).down, ElementsAre("hotplug"));
    tree.write("run/service/hotplug/ready", "");
    EXPECT_THAT(read_services(tree.root()).down, ElementsAre());
}

TEST(ServiceState, WaitsForNoCheckThatHangs) {
    StatusTree tree;
    tree.add_service("hangs", "run\n", "#!/bin/sh\nexec sleep 1000\n");
    EXPECT_THAT(read_services(tree.root()).down, ElementsAre("hangs"));
}

TEST(ServiceState, WhatCannotBeReadIsDown) {
    StatusTree tree;
    make_directories(tree.root() / "run/service/folder/supervise/stat");
    tree.add_service("broken", "run\n", "no program\n");
    tree.write("run/service/file", "");
    EXPECT_THAT(read_services(tree.root()).down, ElementsAre("broken", "file", "folder"));
}

TEST(ServiceState, KnowsWhenAllWereUpOnce) {
    StatusTree tree;
    tree.write("run/cairn/services-up", "6\n");
    EXPECT_TRUE(read_services(tree.root()).have_all_been_up);
    EXPECT_EQ(read_services(tree.root()).count, 0U);
}

}  // namespace
}  // namespace cairn::status
