#include "images/assemble/assemble.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/layout/partition_table.h"
#include "images/layout/seed.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/base/text.h"
#include "tests/unit/images/assemble/made_up_tree.h"
#include "tests/unit/images/assemble/mkfs_erofs.h"

namespace cairn::assemble {
namespace {

using layout::Architecture;
using layout::Part;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Images of a made-up root. The file system in them is a tar stream, unless the real mkfs.erofs is there.
class Assemble : public testing::Test {
  protected:
    AssembleInput input(Architecture architecture = Architecture::x86_64, const std::string& output = "out") {
        return {.definition = make_small_definition(architecture),
                .root = make_small_root(architecture).tree(),
                .initfs_packages = make_small_initfs().tree(),
                .mkfs_erofs = write_made_up_mkfs(directory_.path() / "mkfs.erofs"),
                .output = directory_.path() / output};
    }
    /// One partition as a file of its own.
    std::filesystem::path partition(const Image& image, Part part) {
        const auto placed = layout::read_partition_table(image.disk).at(part);
        const auto file = directory_.path() / "partition";
        run_command_checked(
            {.arguments = {"dd", "if=" + image.disk.string(), "of=" + file.string(), "bs=1M", "status=none",
                           "conv=sparse", "skip=" + std::to_string(placed.offset / layout::mebibyte),
                           "count=" + std::to_string(placed.size / layout::mebibyte)}});
        std::filesystem::resize_file(file, placed.size);
        return file;
    }
    std::vector<std::string> names_in(const std::filesystem::path& directory) {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(directory))
            names.push_back(entry.path().filename());
        std::ranges::sort(names);
        return names;
    }
    TemporaryDirectory directory_;
};

TEST_F(Assemble, GivesTheFilesOfAnImage) {
    const Image image = assemble_image(input());
    EXPECT_EQ(image.directory, directory_.path() / "out/tiny-x86_64");
    EXPECT_THAT(names_in(image.directory),
                ElementsAre("SHA256SUMS", "boot.json", "disk.img", "manifest.json", "root.erofs",
                            "root.verity", "sbom.spdx.json", "tiny_1.0.efi"));
    EXPECT_EQ(run_command(
                  {.arguments = {"sha256sum", "--strict", "-c", "SHA256SUMS"}, .directory = image.directory})
                  .status,
              0);
    const Json manifest = read_json(image.manifest);
    EXPECT_EQ(manifest.at("root_hash"), image.root_hash.to_hex());
    EXPECT_THAT(manifest.at("command_line").get<std::string>(),
                testing::EndsWith("lockdown=integrity quiet"));
}

TEST_F(Assemble, DiskPassesTheToolsOfOthers) {
    for (const Architecture architecture : {Architecture::x86_64, Architecture::aarch64}) {
        const Image image = assemble_image(input(architecture));
        EXPECT_THAT(run_command_checked({.arguments = {"/usr/sbin/sgdisk", "-v", image.disk.string()}}),
                    HasSubstr("No problems found"));
        const auto esp = partition(image, Part::esp);
        EXPECT_EQ(run_command({.arguments = {"/usr/sbin/fsck.fat", "-n", esp.string()}}).status, 0);
        const std::string files =
            run_command_checked({.arguments = {"mdir", "-i", esp.string(), "-/", "-b", "::/"}});
        const bool is_pc = architecture == Architecture::x86_64;
        for (const std::string& path :
             {std::string(is_pc ? "EFI/BOOT/BOOTX64.EFI" : "EFI/BOOT/BOOTAA64.EFI"),
              std::string(is_pc ? "EFI/systemd/systemd-bootx64.efi" : "EFI/systemd/systemd-bootaa64.efi"),
              std::string("loader/loader.conf"), std::string("EFI/Linux/tiny_1.0.efi")})
            EXPECT_THAT(files, HasSubstr("::/" + path + "\n"));

        const auto root = directory_.path() / "root";
        std::filesystem::rename(partition(image, Part::root_a), root);
        const auto tree = partition(image, Part::root_a_verity);
        const Command verify = {.arguments = {"/usr/sbin/veritysetup", "verify", root.string(), tree.string(),
                                              image.root_hash.to_hex()}};
        EXPECT_EQ(run_command(verify).status, 0);
        const Fd file = open_file(root, O_RDWR);
        write_all_at(file.get(), std::vector<std::uint8_t>{0xff, 0xee}, 5000, "root");
        EXPECT_NE(run_command(verify).status, 0);
    }
}

TEST_F(Assemble, SlotAIsNamedByTheRootHashAndSlotBIsEmpty) {
    const Image image = assemble_image(input());
    const layout::DiskLayout disk = layout::read_partition_table(image.disk);
    ASSERT_EQ(disk.partitions.size(), 5u);
    EXPECT_EQ(disk.at(Part::root_a).id, layout::root_guid(image.root_hash));
    EXPECT_EQ(disk.at(Part::root_a_verity).id, layout::root_verity_guid(image.root_hash));
    EXPECT_THAT(read_file(partition(image, Part::root_b)), Each('\0'));
    EXPECT_THAT(read_file(partition(image, Part::root_b_verity)), Each('\0'));
}

TEST_F(Assemble, AnotherPlaceAndTimeGiveTheSameBytes) {
    const Image one = assemble_image(input());
    sleep(3);
    AssembleInput again = input(Architecture::x86_64, "elsewhere/deeper");
    again.threads = 1;
    const Image two = assemble_image(again);
    for (const std::string& name : names_in(one.directory))
        EXPECT_EQ(run_command({.arguments = {"cmp", one.directory / name, two.directory / name}}).status, 0)
            << name;
}

TEST_F(Assemble, ArgumentOfTheDefinitionGivesAnotherBootFileButTheSameRoot) {
    const Image one = assemble_image(input());
    AssembleInput changed = input(Architecture::x86_64, "changed");
    changed.definition.kernel_arguments = {"debug"};
    const Image two = assemble_image(changed);
    EXPECT_EQ(one.root_hash, two.root_hash);
    EXPECT_NE(read_file(one.boot_file), read_file(two.boot_file));
}

TEST_F(Assemble, FreeSpaceOfTheDiskIsAHole) {
    struct stat status = {};
    ASSERT_EQ(stat(assemble_image(input()).disk.c_str(), &status), 0);
    EXPECT_LT(static_cast<std::uint64_t>(status.st_blocks) * 512, 16'000'000u);
}

TEST_F(Assemble, FailedRunLeavesTheOldImageAndNoRemains) {
    const Image image = assemble_image(input());
    const std::string before = read_file(image.directory / "SHA256SUMS");
    AssembleInput bad = input();
    bad.definition.sizes.root = layout::mebibyte;
    bad.root = make_small_root(Architecture::x86_64)
                   .file("usr/big", std::string(2'000'000, 'b'))
                   .package("big", 2'000'000)
                   .tree();
    try {
        assemble_image(bad);
        ADD_FAILURE() << "a root larger than its slot was taken";
    } catch (const UsageError& error) {
        EXPECT_THAT(error.report(), HasSubstr("larger than its slot"));
        EXPECT_THAT(error.report(), HasSubstr("largest packages: big (2.0 MB), linux (300 kB)"));
        EXPECT_THAT(error.report(), HasSubstr("while assembling image 'tiny'"));
    }
    EXPECT_EQ(read_file(image.directory / "SHA256SUMS"), before);
    EXPECT_THAT(names_in(directory_.path() / "out"), ElementsAre(".tiny-x86_64.lock", "tiny-x86_64"));
}

TEST_F(Assemble, RemainsOfAKilledRunGoAway) {
    const auto remains = directory_.path() / "out/.tiny-x86_64.newABC";
    make_directories(remains);
    write_file(remains / "disk.img", "half");
    assemble_image(input());
    assemble_image(input());
    EXPECT_THAT(names_in(directory_.path() / "out"), ElementsAre(".tiny-x86_64.lock", "tiny-x86_64"));
}

TEST_F(Assemble, MissingKernelIsNamed) {
    AssembleInput without = input();
    std::erase_if(without.root.files.entries,
                  [](const auto& entry) { return entry.path.ends_with("vmlinuz"); });
    EXPECT_THAT(([&] {
                    try {
                        assemble_image(without);
                    } catch (const Error& error) {
                        return error.message();
                    }
                    return std::string();
                }()),
                HasSubstr("no package has 'usr/lib/cairn/boot/vmlinuz'"));
}

TEST_F(Assemble, RootHasWhatTheImageAddsAndExactOwners) {
    const auto mkfs = find_mkfs_erofs();
    if (!mkfs) GTEST_SKIP() << "mkfs.erofs with --tar is not there (set CAIRN_MKFS_EROFS)";
    AssembleInput real = input();
    real.mkfs_erofs = *mkfs;
    real.root.files.find("usr/share/owned")->uid = 200;
    const Image image = assemble_image(real);
    const auto root = (image.directory / "root.erofs").string();
    EXPECT_THAT(run_command_checked({.arguments = {"fsck.erofs", root}}), HasSubstr("No errors found"));
    const auto dump = [&](const std::string& path) {
        return run_command_checked(
            {.arguments = {"dump.erofs", "--path=" + path, root}, .environment = {"TZ=UTC"}});
    };
    EXPECT_THAT(dump("/"), HasSubstr("Access: 0755"));
    EXPECT_THAT(dump("/etc"), HasSubstr("Access: 0755"));
    EXPECT_THAT(dump("/tmp"), HasSubstr("Access: 1777"));
    EXPECT_THAT(dump("/usr/share/owned"), HasSubstr("Uid: 200   Gid: 0  Access: 0640"));
    EXPECT_THAT(dump("/usr/bin/tool-too"), HasSubstr("Links: 2"));
    EXPECT_THAT(dump("/usr/lib/cairn/release.json"), HasSubstr("2026-11-20 00:00:00"));
    EXPECT_THAT(dump("/usr/lib/cairn/boot/initfs.cpio.zst"), HasSubstr("regular file"));
    EXPECT_THAT(dump("/usr/bin/tool"), HasSubstr("Layout: 0"));  // plain blocks, no tail beside the inode

    real.output = directory_.path() / "again";
    sleep(1);
    EXPECT_EQ(assemble_image(real).root_hash, image.root_hash);
}

}  // namespace
}  // namespace cairn::assemble
