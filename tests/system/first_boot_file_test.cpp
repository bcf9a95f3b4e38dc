#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "images/layout/partition_table.h"
#include "pkg/base/process.h"
#include "tests/system/device_steps.h"

/// First-boot files that cannot be taken: said, and the boot goes on.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::uint64_t disk_size = std::uint64_t{3} << 30;

struct Case {
    std::string name;
    std::string content;  // empty: a folder
    std::string why;
};

class FirstBootFileLong : public testing::TestWithParam<Case> {
  protected:
    void run_mtools(std::vector<std::string> arguments) const {
        const auto esp = layout::read_partition_table(folder_.disk()).at(layout::Part::esp);
        arguments.insert(arguments.begin() + 1,
                         {"-i", std::format("{}@@{}", folder_.disk().string(), esp.offset)});
        run_command_checked({.arguments = arguments, .environment = {"MTOOLS_SKIP_CHECK=1"}});
    }
    void put_on_esp(const std::string& content) const {
        if (content.empty()) {
            run_mtools({"mmd", "::/cairn/first-boot.json", "::/cairn/first-boot.json/within"});
            return;
        }
        write_file(folder_.path() / "first-boot.json", content);
        run_mtools({"mcopy", "-o", folder_.path() / "first-boot.json", "::/cairn/first-boot.json"});
    }

    MachineFolder folder_{"dev", Architecture::x86_64, disk_size};
};

TEST_P(FirstBootFileLong, IsRefusedWithTheReasonAndTheBootGoesOn) {
    put_on_esp(GetParam().content);
    RunningMachine machine(folder_.make_machine(), folder_.path());
    machine.wait_for("first-boot settings were refused");
    machine.wait_for(GetParam().why);
    machine.wait_for("cairn: all services are up");
    machine.log_in();
    wait_until_good(machine);
    EXPECT_EQ(machine.run("hostname; cairnctl raw GET '/settings?set=true'"), "cairn\n{}\n");
    machine.run("mkdir /tmp/esp && mount -t vfat -o ro /dev/vda1 /tmp/esp");
    EXPECT_EQ(machine.run("ls /tmp/esp/cairn"), "first-boot.json\n") << "what is refused stays";
}

INSTANTIATE_TEST_SUITE_P(That, FirstBootFileLong,
                         testing::Values(Case{"is_garbage", std::string(1000, '\xfe'), "first-boot.json"},
                                         Case{"is_a_folder", "", "Is a directory"},
                                         Case{"is_huge", std::string(std::size_t{120} << 20, ' '),
                                              "more than the 1048576 allowed"},
                                         Case{"sets_what_it_may_not",
                                              R"({"format": 1, "settings": {"network": {"host_name": "gate"},
                             "kernel": {"modules": ["dummy"]}}})",
                                              "'kernel.modules' is not one of them"}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace cairn::system_test
