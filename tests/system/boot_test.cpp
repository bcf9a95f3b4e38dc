#include <format>
#include <gtest/gtest.h>
#include <sstream>

#include "pkg/base/json.h"
#include "tests/system/running_machine.h"

namespace cairn::system_test {
namespace {

using layout::Architecture;

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;
constexpr std::uint64_t disk_size = 3 * gibibyte;

struct Case {
    std::string image;
    Architecture architecture;
};

std::string name_of(const testing::TestParamInfo<Case>& info) {
    return info.param.image + "_" + std::string(layout::to_text(info.param.architecture));
}

class Boot : public testing::TestWithParam<Case> {
  protected:
    MachineFolder folder_{GetParam().image, GetParam().architecture, disk_size};
};

std::string read_version(const Case& param) {
    return read_json(find_image_folder(param.image, param.architecture) / "manifest.json")
        .at("version")
        .get<std::string>();
}

std::string name_of_machine(const Case& param) {
    return param.architecture == Architecture::x86_64 ? "QEMU Standard PC (Q35 + ICH9, 2009)"
                                                      : "QEMU Virtual Machine";
}

/// What must hold on every boot, asked in the shell of the machine.
void expect_verified_root(RunningMachine& machine, const Case& param) {
    const Json manifest = read_json(find_image_folder(param.image, param.architecture) / "manifest.json");
    const std::string hash = manifest.at("root_hash").get<std::string>();
    EXPECT_NE(machine.run("cat /run/cairn/boot.json").find(hash), std::string::npos);
    EXPECT_NE(machine.run("cat /proc/cmdline").find("roothash=" + hash), std::string::npos);
    const std::string mounts = machine.run("grep ' / ' /proc/mounts");
    EXPECT_NE(mounts.find(" erofs ro"), std::string::npos) << mounts;
    // The name that the kernel gives a mapped device says which target it was made with.
    EXPECT_EQ(machine.run("cat /sys/dev/block/$(mountpoint -d /)/dm/name"), "root\n");
    EXPECT_NE(machine.try_to_run("touch /usr/x").first, 0);
    for (const char* place : {"/var", "/run", "/tmp", "/etc"}) {
        const std::string options = machine.run(std::format("grep ' {} ' /proc/mounts", place));
        for (const char* option : {"nosuid", "nodev", "noexec"})
            EXPECT_NE(options.find(option), std::string::npos) << options;
    }
}

TEST_P(Boot, MakesDataOnTheFirstAndKeepsItOnTheSecond) {
    {
        RunningMachine machine(folder_.make_machine(), folder_.path());
        machine.wait_for("cairn " + read_version(GetParam()) + " on ");
        machine.wait_for("cairn: all services are up");
        machine.log_in();
        // Said by the first process and above the login, the latter at any time around the line before.
        const std::string title = "cairn " + read_version(GetParam()) + " on " + name_of_machine(GetParam());
        EXPECT_NE(machine.console().find(title + "\r"), std::string::npos);
        EXPECT_EQ(machine.run("cat /run/cairn/issue"), "\n" + title + " (\\l)\n");
        expect_verified_root(machine, GetParam());
        EXPECT_NE(machine.run("cat /run/cairn/boot.json").find("\"made\""), std::string::npos);

        // The sixth partition reaches the end of the disk, which is larger than the image.
        const std::string sectors = machine.run("cd /sys/class/block/vda6 && cat start size; cd /");
        std::uint64_t start = 0;
        std::uint64_t count = 0;
        std::istringstream(sectors) >> start >> count;
        const std::uint64_t end = (start + count) * 512;
        EXPECT_GT(end, disk_size - 2 * (std::uint64_t{1} << 20));
        EXPECT_LT(end, disk_size);

        machine.run("echo kept > /var/lib/test-of-data && sync");
        machine.run("cp /etc/machine-id /var/lib/test-of-identity && sync");
        machine.type("poweroff\n");
        machine.wait_until_off();
    }
    RunningMachine machine(folder_.make_machine(), folder_.path());
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    expect_verified_root(machine, GetParam());
    EXPECT_NE(machine.run("cat /run/cairn/boot.json").find("\"mounted\""), std::string::npos);
    EXPECT_EQ(machine.run("cat /var/lib/test-of-data"), "kept\n");
    EXPECT_EQ(machine.run("cmp /etc/machine-id /var/lib/test-of-identity"), "");
}

INSTANTIATE_TEST_SUITE_P(Images, Boot,
                         testing::Values(Case{"dev", Architecture::x86_64},
                                         Case{"tiny", Architecture::aarch64}),
                         name_of);

TEST(BaseImage, ShowsItsStateOnTheConsole) {
    MachineFolder folder("base", Architecture::x86_64, disk_size);
    RunningMachine machine(folder.make_machine(), folder.path());
    machine.wait_for("cairn: all services are up");
    machine.wait_for("root hash");  // the status screen
    EXPECT_EQ(machine.console().find("login:"), std::string::npos);
}

}  // namespace
}  // namespace cairn::system_test
