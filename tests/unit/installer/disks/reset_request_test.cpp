#include "installer/disks/reset_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/base/files.h"

namespace cairn::disks {
namespace {

class ResetRequest : public testing::Test {
  protected:
    const layout::Guid disk_ = layout::parse_guid("11111111-2222-3333-4444-555555555555");
    TemporaryDirectory directory_;
    Dir esp_ = Dir::open(directory_.path());
};

TEST_F(ResetRequest, IsThereUntilItIsRemoved) {
    EXPECT_FALSE(has_reset_request(esp_, disk_));
    request_reset(esp_, disk_);
    request_reset(esp_, disk_);
    EXPECT_TRUE(has_reset_request(esp_, disk_));
    EXPECT_THAT(esp_.names("cairn"), testing::ElementsAre("reset-data"));
    remove_reset_request(esp_);
    remove_reset_request(esp_);
    EXPECT_FALSE(has_reset_request(esp_, disk_));
}

TEST_F(ResetRequest, NamesOneDiskOnly) {
    request_reset(esp_, disk_);
    EXPECT_FALSE(has_reset_request(esp_, layout::parse_guid("21111111-2222-3333-4444-555555555555")));
}

TEST_F(ResetRequest, ATornOneIsNone) {
    make_directories(directory_.path() / "cairn");
    for (const char* text : {"", "11111111-2222", "yes\n"}) {
        write_file(directory_.path() / "cairn/reset-data", text);
        EXPECT_FALSE(has_reset_request(esp_, disk_)) << text;
    }
    write_file(directory_.path() / "cairn/reset-data", std::string(1000, '1'));
    EXPECT_FALSE(has_reset_request(esp_, disk_));
}

}  // namespace
}  // namespace cairn::disks
