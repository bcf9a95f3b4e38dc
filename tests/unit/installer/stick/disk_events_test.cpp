#include "installer/stick/disk_events.h"

#include <gtest/gtest.h>

namespace cairn::stick {
namespace {

using namespace std::string_view_literals;

TEST(DiskEvents, AreThoseOfTheBlockSubsystem) {
    EXPECT_TRUE(is_about_disks(
        "add@/devices/x/block/sdb\0ACTION=add\0DEVPATH=/devices/x/block/sdb\0SUBSYSTEM=block\0SEQNUM=9\0"sv));
    EXPECT_FALSE(is_about_disks("add@/devices/x\0ACTION=add\0SUBSYSTEM=usb\0"sv));
}

TEST(DiskEvents, AreNotWhatOnlyLooksLikeIt) {
    EXPECT_FALSE(is_about_disks("add@/x\0NAME=SUBSYSTEM=block\0SUBSYSTEM=blocks\0"sv));
    EXPECT_FALSE(is_about_disks("libudev\0\xfe\xed\xca\xfe"sv));
    EXPECT_FALSE(is_about_disks(""));
}

}  // namespace
}  // namespace cairn::stick
