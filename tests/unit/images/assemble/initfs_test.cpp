#include "images/assemble/initfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pkg/archive/zstd.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"
#include "tests/unit/images/assemble/made_up_tree.h"

namespace cairn::assemble {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const BootDrivers drivers = {
    .release = "6.12.1",
    .groups = {{"gpu", {.is_for_boot = false, .modules = {"kernel/gpu.ko"}}},
               {"sd", {.is_for_boot = true, .modules = {"kernel/sd.ko"}}},
               {"storage", {.is_for_boot = true, .modules = {"kernel/hba.ko"}, .firmware = {"hba/*.bin"}}}}};

TreeBuilder make_root() {
    TreeBuilder root;
    for (const char* path :
         {"kernel/gpu.ko", "kernel/hba.ko", "kernel/sd.ko", "modules.alias", "modules.dep", "modules.order"})
        root.file(std::string("usr/lib/modules/6.12.1/") + path, path);
    root.file("usr/lib/firmware/hba/a.bin", "a")
        .file("usr/lib/firmware/other.bin", "o")
        .file("usr/bin/tool", "t");
    return root;
}

std::vector<std::string> paths_of(const InitfsPlan& plan) {
    std::vector<std::string> paths;
    for (const InitfsItem& item : plan) paths.push_back(item.entry.path);
    return paths;
}

InitfsPlan plan(const TreeBuilder& initfs, const std::vector<std::string>& groups) {
    return plan_initfs(initfs.tree().files.entries, make_root().tree().files.entries, drivers, groups);
}

std::string report_of(auto&& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.report();
    }
    return "no error";
}

TEST(Initfs, HoldsFirstProcessAndBootGroupsOfTheImage) {
    EXPECT_THAT(paths_of(plan(make_small_initfs(), {"storage", "gpu"})),
                ElementsAre("init", "lib", "usr", "usr/lib", "usr/lib/firmware", "usr/lib/firmware/hba",
                            "usr/lib/firmware/hba/a.bin", "usr/lib/modules", "usr/lib/modules/6.12.1",
                            "usr/lib/modules/6.12.1/kernel", "usr/lib/modules/6.12.1/kernel/hba.ko",
                            "usr/lib/modules/6.12.1/modules.alias", "usr/lib/modules/6.12.1/modules.dep"));
}

TEST(Initfs, WithoutBootGroupsThereAreNoModules) {
    EXPECT_THAT(paths_of(plan(make_small_initfs(), {"gpu"})), ElementsAre("init", "lib"));
}

TEST(Initfs, PackagesFilesKeepTheirPlacesExceptBelowTheInitfsFolder) {
    TreeBuilder initfs = make_small_initfs();
    initfs.file("usr/sbin/fsck", "m", 0755)
        .entry({.path = "usr/sbin/mkfs", .kind = archive::Kind::hard_link, .target = "usr/sbin/fsck"});
    const InitfsPlan items = plan(initfs, {});
    EXPECT_THAT(paths_of(items),
                ElementsAre("init", "lib", "usr", "usr/sbin", "usr/sbin/fsck", "usr/sbin/mkfs"));
    const InitfsItem& link = items[5];
    EXPECT_EQ(link.entry.kind, archive::Kind::file);
    EXPECT_EQ(link.entry.mode, 0755u);
    EXPECT_EQ(link.source_path, "usr/sbin/fsck");
}

TEST(Initfs, MissingModuleOrFirstProcessIsNamed) {
    const TreeBuilder empty;
    EXPECT_THAT(report_of([&] { plan(empty, {}); }), HasSubstr("no package has a first process"));
    const TreeBuilder root;
    EXPECT_THAT(report_of([&] {
                    plan_initfs(make_small_initfs().tree().files.entries, root.tree().files.entries, drivers,
                                {"sd"});
                }),
                HasSubstr("usr/lib/modules/6.12.1/kernel/sd.ko"));
}

TEST(Initfs, CpioUnpacksToTheContents) {
    const PackagedTree initfs = make_small_initfs().tree();
    const PackagedTree root = make_root().tree();
    const auto read = [&](const InitfsItem& item) {
        const PackagedTree& tree = item.source == InitfsSource::root ? root : initfs;
        return tree.read(*tree.files.find(item.source_path));
    };
    const std::string compressed = make_initfs(plan(make_small_initfs(), {"storage"}), read, 1700000000);
    EXPECT_EQ(compressed, make_initfs(plan(make_small_initfs(), {"storage"}), read, 1700000000));

    const TemporaryDirectory directory;
    write_file(directory.path() / "a", archive::decompress_zstd(compressed, 1 << 20));
    run_command_checked({.arguments = {"cpio", "--quiet", "-id", "-F", "a"}, .directory = directory.path()});
    EXPECT_EQ(read_file(directory.path() / "init"), "first process");
    EXPECT_EQ(read_file(directory.path() / "lib/firmware/hba/a.bin"), "a");
    EXPECT_EQ(read_file(directory.path() / "usr/lib/modules/6.12.1/kernel/hba.ko"), "kernel/hba.ko");
}

TEST(BootDriverList, ReadsWhatTheKernelsBuildWrites) {
    const BootDrivers read = parse_boot_drivers(
        R"({"release": "6.12.1", "groups": {"sd": {"boot": true, "firmware": ["x/*"], "modules": ["kernel/sd.ko"]}}})");
    EXPECT_EQ(read.release, "6.12.1");
    EXPECT_EQ(read.groups.at("sd"),
              (DriverGroup{.is_for_boot = true, .modules = {"kernel/sd.ko"}, .firmware = {"x/*"}}));
    EXPECT_THROW(parse_boot_drivers("{}"), Error);
    EXPECT_THROW(parse_boot_drivers(R"({"release": 6, "groups": {}})"), Error);
}

}  // namespace
}  // namespace cairn::assemble
