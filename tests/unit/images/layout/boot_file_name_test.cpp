#include "images/layout/boot_file_name.h"

#include <gtest/gtest.h>

namespace cairn::layout {
namespace {

TEST(BootFileName, GoodVersionHasNoCounter) {
    const BootFileName name = {.name = "base", .version = "1.2.0"};
    EXPECT_EQ(to_text(name), "base_1.2.0.efi");
    EXPECT_EQ(find_boot_file_name("base_1.2.0.efi"), name);
}

TEST(BootFileName, TrialCarriesTriesLeftAndDone) {
    const BootFileName name = {.name = "my-box", .version = "1.2~rc1", .counter = first_tries};
    EXPECT_EQ(to_text(name), "my-box_1.2~rc1+3-0.efi");
    EXPECT_EQ(find_boot_file_name("my-box_1.2~rc1+3-0.efi"), name);
    EXPECT_EQ(find_boot_file_name("my-box_1.2~rc1+2-1.EFI")->counter, (TryCounter{.left = 2, .done = 1}));
    EXPECT_EQ(find_boot_file_name("my-box_1.2~rc1+2.efi")->counter, (TryCounter{.left = 2, .done = 0}));
}

TEST(BootFileName, OtherFilesAreNoneOfOurs) {
    for (const char* text :
         {"", ".efi", "base.efi", "base_.efi", "_1.efi", "Base_1.efi", "base_x1.efi", "base_1.efi.new",
          "base_1+.efi", "base_1+3-.efi", "base_1+a-0.efi", "base_1+3-0-1.efi", "base_1_2.efi",
          "../base_1.efi", "base_1.0.conf", "base_1+99999-0.efi"})
        EXPECT_FALSE(find_boot_file_name(text)) << text;
}

TEST(BootFileName, NamesAndVersionsKeepTheirPatterns) {
    EXPECT_TRUE(is_image_name("base-2"));
    EXPECT_FALSE(is_image_name("2base"));
    EXPECT_FALSE(is_image_name("base_x"));
    EXPECT_TRUE(is_image_version("1.2~rc^A"));
    EXPECT_FALSE(is_image_version("v1"));
    EXPECT_FALSE(is_image_version("1.0+1"));
    EXPECT_FALSE(is_image_version("1.0-1"));
}

}  // namespace
}  // namespace cairn::layout
