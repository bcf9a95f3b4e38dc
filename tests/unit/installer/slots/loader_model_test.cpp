#include "tests/unit/installer/slots/loader_model.h"

#include <gtest/gtest.h>

#include "tests/unit/installer/slots/boot_folder.h"

namespace cairn::slots {
namespace {

std::string chosen(const BootFolder& folder, Tie tie = Tie::first) {
    const auto entry = choose_entry(folder.path(), tie);
    return entry ? entry->file : "";
}

TEST(LoaderModel, TakesTheNewestByVersionNotByName) {
    EXPECT_EQ(chosen(BootFolder({"base_2.0.efi", "base_10.0.efi", "base_1.0.efi"})), "base_10.0.efi");
}

TEST(LoaderModel, TakesOneWithoutTriesLast) {
    EXPECT_EQ(chosen(BootFolder({"base_2.0+0-3.efi", "base_1.0.efi"})), "base_1.0.efi");
    EXPECT_EQ(chosen(BootFolder({"base_2.0+1-2.efi", "base_1.0.efi"})), "base_2.0+1-2.efi");
    EXPECT_EQ(chosen(BootFolder({"base_2.0+0-3.efi"})), "base_2.0+0-3.efi");
}

TEST(LoaderModel, IgnoresWhatIsStagedUnfinishedOrEmpty) {
    const BootFolder folder({"base_2.0.efi.staged", "base_3.0.efi.part", "base_1.0.efi"});
    folder.put("base_4.0.efi", "");
    EXPECT_EQ(chosen(folder), "base_1.0.efi");
}

TEST(LoaderModel, MayTakeEitherFileOfOneVersion) {
    const BootFolder folder({"base_2.0+2-1.efi", "base_2.0.efi"});
    EXPECT_NE(chosen(folder, Tie::first), chosen(folder, Tie::last));
}

TEST(LoaderModel, FallsBackAfterThreeTries) {
    const BootFolder folder({"base_2.0+3-0.efi", "base_1.0.efi"});
    EXPECT_EQ(boot_until_up(folder.path(), {"1.0"}, Tie::first), "1.0");
    EXPECT_EQ(folder.names(), (std::vector<std::string>{"base_1.0.efi", "base_2.0+0-3.efi"}));
}

TEST(LoaderModel, StaysWithAGoodFileThatIsTorn) {
    const BootFolder folder({"base_1.0.efi"});
    folder.put("base_2.0.efi", make_boot_content("base", "2.0").substr(0, 1000));
    EXPECT_EQ(boot_until_up(folder.path(), {"1.0", "2.0"}, Tie::first), "stuck with 'base_2.0.efi'");
}

}  // namespace
}  // namespace cairn::slots
