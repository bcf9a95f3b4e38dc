#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/emulator/image_folder.h"
#include "images/layout/partition_table.h"
#include "pkg/base/json.h"
#include "pkg/base/text.h"
#include "tests/system/running_machine.h"

namespace cairn::system_test {
namespace {

namespace fs = std::filesystem;
using layout::Architecture;
using testing::HasSubstr;
using testing::Not;

struct Case {
    std::string image;
    Architecture architecture;
};

/// What other programs say of the images that `build-image` made. Their words count, too: not all of them say
/// everything by their exit status.
class Image : public testing::TestWithParam<Case> {
  protected:
    fs::path folder_ = find_image_folder(GetParam().image, GetParam().architecture);

    static CommandResult run(std::vector<std::string> arguments) {
        CommandResult result = run_command({.arguments = std::move(arguments)});
        result.output += result.error;
        return result;
    }
};

TEST_P(Image, HasASoundPartitionTable) {
    const CommandResult result = run({"sgdisk", "-v", folder_ / "disk.img"});
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.output, HasSubstr("No problems found"));
}

TEST_P(Image, HasASoundEsp) {
    const layout::PlacedPartition esp =
        layout::read_partition_table(folder_ / "disk.img").at(layout::Part::esp);
    const TemporaryDirectory directory;
    const fs::path file = directory.path() / "esp";
    run_command_checked({.arguments = {"dd", std::format("if={}", (folder_ / "disk.img").string()),
                                       std::format("of={}", file.string()), "bs=1M", "conv=sparse",
                                       std::format("skip={}", esp.offset >> 20),
                                       std::format("count={}", esp.size >> 20), "status=none"}});
    const CommandResult result = run({"fsck.fat", "-n", file});
    EXPECT_EQ(result.status, 0) << result.output;
    const CommandResult files = run({"mdir", "-/", "-b", "-i", file});
    EXPECT_THAT(files.output, HasSubstr("EFI/Linux/"));
}

TEST_P(Image, HasASoundRoot) {
    const CommandResult result = run({"fsck.erofs", folder_ / "root.erofs"});
    EXPECT_EQ(result.status, 0) << result.output;
    EXPECT_THAT(result.output, Not(HasSubstr("error")));
}

TEST_P(Image, HasARootThatIsWhatItsHashSays) {
    const std::string hash = read_json(folder_ / "manifest.json").at("root_hash").get<std::string>();
    EXPECT_EQ(run({"veritysetup", "verify", folder_ / "root.erofs", folder_ / "root.verity", hash}).status,
              0);
    // The same two on the disk, at their places.
    const layout::DiskLayout disk = layout::read_partition_table(folder_ / "disk.img");
    for (const auto& [file, part] : {std::pair{"root.erofs", layout::Part::root_a},
                                     std::pair{"root.verity", layout::Part::root_a_verity}})
        EXPECT_EQ(run({"cmp", std::format("--ignore-initial=0:{}", disk.at(part).offset), "-n",
                       std::to_string(fs::file_size(folder_ / file)), folder_ / file, folder_ / "disk.img"})
                      .status,
                  0);
}

/// The order in which the UAPI Group's specification of unified kernel images measures them.
TEST_P(Image, HasABootFileWithTheStandardSectionsInOrder) {
    const fs::path file = emulator::find_boot_file(folder_);
    const std::string headers =
        run_command_checked({.arguments = {"llvm-objdump-19", "--section-headers", file}});
    std::size_t at = 0;
    for (const char* section : {" .linux ", " .osrel ", " .cmdline ", " .initrd ", " .uname "}) {
        at = headers.find(section, at);
        ASSERT_NE(at, std::string::npos) << section << " is missing or too early in\n" << headers;
    }
    EXPECT_THAT(headers, HasSubstr(" .sbat "));
}

TEST_P(Image, HasTheSumsThatItSays) {
    EXPECT_EQ(
        run_command({.arguments = {"sha256sum", "--check", "--quiet", "SHA256SUMS"}, .directory = folder_})
            .status,
        0);
}

INSTANTIATE_TEST_SUITE_P(Built, Image,
                         testing::Values(Case{"base", Architecture::x86_64},
                                         Case{"dev", Architecture::x86_64},
                                         Case{"tiny", Architecture::aarch64}),
                         [](const auto& info) {
                             return info.param.image + "_" +
                                    std::string(layout::to_text(info.param.architecture));
                         });

}  // namespace
}  // namespace cairn::system_test
