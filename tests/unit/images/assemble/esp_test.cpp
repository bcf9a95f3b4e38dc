#include "images/assemble/esp.h"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/layout/partitions.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::assemble {
namespace {

using layout::mebibyte;
using ::testing::HasSubstr;

class Esp : public testing::Test {
  protected:
    Esp() {
        write_file(directory_.path() / "boot.efi", std::string(3'000'000, 'b'));
        write_file(directory_.path() / "loader.conf", "timeout 0\n");
    }
    EspPlan plan(std::uint64_t offset = mebibyte) {
        return {.offset = offset,
                .size = 300 * mebibyte,
                .volume_id = 0x1234abcd,
                .time = 1700000000,
                .folders = {"cairn"},
                .files = {{"EFI/BOOT/BOOTX64.EFI", directory_.path() / "boot.efi"},
                          {"loader/loader.conf", directory_.path() / "loader.conf"},
                          {"EFI/Linux/base_1.0.efi", directory_.path() / "boot.efi"}}};
    }
    std::filesystem::path write(const std::string& name, const EspPlan& esp) {
        const auto image = directory_.path() / name;
        write_file(image, "");
        std::filesystem::resize_file(image, esp.offset + esp.size);
        write_esp(image, esp);
        return image;
    }
    std::string mtools(std::vector<std::string> arguments) {
        return run_command_checked(
            {.arguments = std::move(arguments), .environment = {"TZ=UTC", "MTOOLSRC=/dev/null"}});
    }
    TemporaryDirectory directory_;
};

TEST_F(Esp, FsckFindsNothingWrong) {
    const auto image = write("esp", plan(0));
    const CommandResult result =
        run_command({.arguments = {"/usr/sbin/fsck.fat", "-n", "-v", image.string()}});
    EXPECT_EQ(result.status, 0) << result.output << result.error;
    EXPECT_THAT(result.output, HasSubstr("32 bit entries"));
}

TEST_F(Esp, HoldsItsFilesAtTheirOffset) {
    const auto image = write("disk", plan(5 * mebibyte));
    const std::string at = image.string() + "@@5242880";
    EXPECT_EQ(mtools({"mtype", "-i", at, "::/loader/loader.conf"}), "timeout 0\n");
    const std::string list = mtools({"mdir", "-i", at, "-/", "-b", "::/"});
    for (const char* path : {"::/EFI/BOOT/BOOTX64.EFI\n", "::/EFI/Linux/base_1.0.efi\n", "::/cairn/\n"})
        EXPECT_THAT(list, HasSubstr(path));
    EXPECT_THAT(mtools({"mdir", "-i", at, "::/"}), HasSubstr("Volume Serial Number is 1234-ABCD"));
}

TEST_F(Esp, AnotherTimeAndPlaceGiveTheSameBytes) {
    const auto one = write("one", plan());
    sleep(3);  // the times in a FAT count in steps of two seconds
    std::filesystem::copy(directory_.path() / "boot.efi", directory_.path() / "other.efi");
    EspPlan elsewhere = plan();
    elsewhere.files[0].source = directory_.path() / "other.efi";
    const auto two = write("two", elsewhere);
    EXPECT_EQ(run_command({.arguments = {"cmp", one.string(), two.string()}}).output, "");
}

TEST_F(Esp, FreeSpaceStaysAHole) {
    struct stat status = {};
    ASSERT_EQ(stat(write("disk", plan()).c_str(), &status), 0);
    EXPECT_LT(static_cast<std::uint64_t>(status.st_blocks) * 512, 12'000'000u);
}

TEST_F(Esp, FilesThatDoNotFitAreAnError) {
    EspPlan small = plan();
    small.size = 34 * mebibyte;
    std::filesystem::resize_file(directory_.path() / "boot.efi", 40 * mebibyte);
    EXPECT_THROW(write("disk", small), CommandError);
}

}  // namespace
}  // namespace cairn::assemble
