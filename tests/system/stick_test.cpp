#include <chrono>
#include <format>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <print>
#include <thread>

#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "pkg/base/process.h"
#include "pkg/crypto/hash.h"
#include "tests/system/device_steps.h"
#include "tests/system/maker.h"
#include "tests/system/running_machine.h"

/// Updates from a USB stick that is plugged into a running machine.
namespace cairn::system_test {
namespace {

using layout::Architecture;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::uint64_t disk_size = std::uint64_t{3} << 30;
constexpr std::uint64_t mebibyte = 1 << 20;
constexpr const char* log = "/var/log/usb-stick/current";

/// A file of zeros.
fs::path make_empty(const fs::path& file, std::uint64_t size) {
    write_file(file, "");
    fs::resize_file(file, size);
    return file;
}

/// FAT over the whole stick, with these files and folders at its top.
fs::path make_whole_stick(const fs::path& file, std::uint64_t size, const std::vector<fs::path>& content) {
    make_empty(file, size);
    run_command_checked(
        {.arguments = {"mkfs.fat", "-F", "32", file}});  // mformat makes a partition table too
    std::vector<std::string> copy = {"mcopy", "-s", "-i", file};
    copy.insert(copy.end(), content.begin(), content.end());
    copy.emplace_back("::");
    if (!content.empty()) run_command_checked({.arguments = copy});
    return file;
}

/// A partition with FAT, and a repository in the folder for it.
fs::path make_partitioned_stick(const fs::path& file, std::uint64_t size, const fs::path& repository) {
    constexpr std::uint64_t sector = 512;
    constexpr std::uint64_t room_for_tables = 2 * mebibyte;
    make_empty(file, size);
    run_command_checked({.arguments = {"sgdisk", "-n", "1:2048:0", "-t", "1:0700", file}});
    const std::string partition = file.string() + "@@1M";
    run_command_checked({.arguments = {"mformat", "-i", partition, "-F", "-T",
                                       std::to_string((size - room_for_tables) / sector), "::"}});
    run_command_checked({.arguments = {"mcopy", "-s", "-i", partition, repository, "::/cairn-repository"}});
    return file;
}

class StickLong : public testing::TestWithParam<Architecture> {
  protected:
    StickLong()
        : maker_(GetParam()),
          folder_(MachineFolder::from_folder(maker_.build("1.0"), GetParam(), disk_size)) {
        make_directories(sticks());
    }

    fs::path sticks() const { return folder_.path() / "sticks"; }
    RunningMachine start() {
        emulator::Machine machine = folder_.make_machine();
        machine.on_restart = emulator::Machine::OnRestart::end;
        machine.usb_ports = emulator::Machine::UsbPorts::some;
        return {std::move(machine), folder_.path()};
    }
    static void expect_good_version(RunningMachine& machine, const std::string& version) {
        wait_for_version(machine, version);
        wait_until_good(machine);
    }
    static void allow_sticks(RunningMachine& machine, bool is_allowed) {
        machine.run(std::format("cairnctl settings set --apply updates.allow_usb={}", is_allowed));
    }
    static void wait_until_mounted(RunningMachine& machine) {
        machine.run_until_it_succeeds("test -e /run/cairn/usb/metadata/timestamp.json");
    }
    static void wait_until_unmounted(RunningMachine& machine) {
        machine.run_until_it_succeeds("! grep -q /run/cairn/usb /proc/mounts");
    }
    /// The service's log, from nothing, so that what comes next can be waited for.
    static void forget_log(RunningMachine& machine) { machine.run(std::format(": > {}", log)); }
    /// Plugs a stick in, waits for why it is not used, and pulls it.
    void expect_unused(RunningMachine& machine, const fs::path& stick, const std::string& why,
                       RunningMachine::StickKind kind = RunningMachine::StickKind::removable) {
        SCOPED_TRACE(why);
        forget_log(machine);
        machine.plug_in("bad", stick, kind);
        machine.run_until_it_succeeds(std::format("grep -q 'is not used: .*{}' {}", why, log));
        EXPECT_NE(machine.try_to_run("grep /run/cairn/ /proc/mounts").first, 0) << "mounted";
        machine.pull_out("bad");
        machine.run_until_it_succeeds("! ls /sys/block | grep -q sd");
    }
    /// What a check of a stick that is not taken says.
    static std::string refusal(RunningMachine& machine) {
        const auto [status, output] = machine.try_to_run("cairnctl update check");
        EXPECT_NE(status, 0) << output;
        return output;
    }

    Maker maker_;
    MachineFolder folder_;
};

TEST_P(StickLong, BringsADeviceWithoutNetworkTheNextVersionAndAnOlderOneIsRefused) {
    maker_.export_to(sticks() / "older");
    maker_.publish(maker_.build("2.0"));
    maker_.export_to(sticks() / "newer");
    const fs::path newer = make_partitioned_stick(sticks() / "newer.img", 768 * mebibyte, sticks() / "newer");
    const fs::path older = make_whole_stick(sticks() / "older.img", 64 * mebibyte,
                                            {sticks() / "older/metadata", sticks() / "older/targets"});
    const std::string before = crypto::hash_file_sha256(newer).to_hex();

    RunningMachine machine = start();
    expect_good_version(machine, "1.0");
    machine.run("cairnctl settings set --apply updates.allow_usb=true health.deadline_seconds=120");
    machine.plug_in("newer", newer);
    wait_until_mounted(machine);
    EXPECT_THAT(
        machine.run("grep /run/cairn/ /proc/mounts"),
        testing::MatchesRegex("/dev/sda1 /run/cairn/usb vfat ro,nosuid,nodev,noexec,.*nosymfollow.*\n"));
    EXPECT_EQ(machine.run("ls -A /run/cairn/stick"), "");
    // Whoever mounts may do nothing else (CAP_SYS_ADMIN), and has no network.
    const std::string rights = machine.run("cat /proc/$(cat /run/service/usb-stick/supervise/pid)/status");
    for (const char* line :
         {"NoNewPrivs:\t1\n", "CapEff:\t0000000000200000\n", "CapPrm:\t0000000000200000\n"})
        EXPECT_THAT(rights, HasSubstr(line));
    EXPECT_NE(machine.run("readlink /proc/$(cat /run/service/usb-stick/supervise/pid)/ns/net"),
              machine.run("readlink /proc/1/ns/net"));
    EXPECT_THAT(machine.run("cairnctl update check"), HasSubstr("2.0 (running: 1.0)"));
    EXPECT_EQ(read_updates(machine).at("repository"), "file:///run/cairn/usb");
    EXPECT_THAT(machine.run("cairnctl status"), HasSubstr("the USB stick that is plugged in"));
    machine.run("cairnctl update --yes");
    EXPECT_EQ(read_updates(machine).at("update_state"), "Ready");
    machine.pull_out("newer");
    wait_until_unmounted(machine);
    EXPECT_EQ(crypto::hash_file_sha256(newer).to_hex(), before) << "something was written to the stick";

    machine.type("cairnctl reboot --yes\n");
    expect_good_version(machine, "2.0");
    EXPECT_EQ(read_updates(machine).at("update_state"), "Idle");
    machine.plug_in("older", older);
    wait_until_mounted(machine);
    EXPECT_THAT(refusal(machine), HasSubstr("it is older than what is known already"));
}

TEST_P(StickLong, IsMountedOnlyWhileItIsAllowedAndOnlyWhenItIsOne) {
    maker_.publish(maker_.build("1.0"));
    maker_.export_to(sticks() / "ours");
    maker_.export_others_to(sticks() / "others");
    const fs::path ours = make_partitioned_stick(sticks() / "ours.img", 768 * mebibyte, sticks() / "ours");
    const fs::path others = make_whole_stick(sticks() / "others.img", 64 * mebibyte,
                                             {sticks() / "others/metadata", sticks() / "others/targets"});

    RunningMachine machine = start();
    expect_good_version(machine, "1.0");
    machine.plug_in("ours", ours);
    machine.run_until_it_succeeds("test -e /sys/block/sda/sda1");
    machine.run_until_it_succeeds(std::format("grep -q 'no stick is used' {}", log));
    EXPECT_NE(machine.try_to_run("grep /run/cairn/ /proc/mounts").first, 0);
    EXPECT_THAT(refusal(machine), HasSubstr("no update repository is set"));
    allow_sticks(machine, true);
    wait_until_mounted(machine);
    EXPECT_THAT(machine.run("cairnctl update check"), HasSubstr("nothing newer than 1.0"));
    machine.run("date -s @$(($(date +%s) + 200 * 86400))");
    EXPECT_THAT(refusal(machine), HasSubstr("'timestamp': it expired on"));
    machine.run("date -s @$(($(date +%s) - 200 * 86400))");
    allow_sticks(machine, false);
    wait_until_unmounted(machine);
    allow_sticks(machine, true);
    wait_until_mounted(machine);
    machine.pull_out("ours");
    wait_until_unmounted(machine);
    EXPECT_THAT(refusal(machine), HasSubstr("no update repository is set"));

    expect_unused(machine, ours, "it is a fixed disk", RunningMachine::StickKind::fixed);
    expect_unused(machine, make_empty(sticks() / "zeros.img", mebibyte), "neither a FAT nor an exFAT");
    expect_unused(machine, make_whole_stick(sticks() / "empty.img", 64 * mebibyte, {}),
                  "it holds no repository");
    const fs::path ext4 = make_empty(sticks() / "ext4.img", 256 * mebibyte);
    run_command_checked({.arguments = {"mke2fs", "-q", "-t", "ext4", "-d", sticks() / "ours", ext4}});
    expect_unused(machine, ext4, "neither a FAT nor an exFAT");
    const fs::path cut = sticks() / "cut.img";  // its head alone: what follows cannot be read
    fs::copy_file(others, cut);
    fs::resize_file(cut, 64 * 512);
    expect_unused(machine, cut, "");

    // A stick of others, and one with exFAT that waits until it is pulled.
    const fs::path exfat = make_empty(sticks() / "exfat.img", 64 * mebibyte);
    run_command_checked({.arguments = {"mkfs.exfat", exfat}});
    machine.plug_in("others", others);
    wait_until_mounted(machine);
    EXPECT_THAT(refusal(machine), HasSubstr("cannot trust 'timestamp': 0 of its keys signed it"));
    machine.plug_in("exfat", exfat);
    machine.run_until_it_succeeds(std::format("grep -q \"'sdb' waits until 'sda' is pulled\" {}", log));
    machine.run(
        "mkdir /tmp/stick && mount -t exfat /dev/sdb /tmp/stick && "
        "cp -r /run/cairn/usb /tmp/stick/cairn-repository && umount /tmp/stick");
    machine.pull_out("others");
    machine.run_until_it_succeeds("grep -q '^/dev/sdb /run/cairn/usb exfat ro,' /proc/mounts");
    wait_until_mounted(machine);
    EXPECT_THAT(refusal(machine), HasSubstr("cannot trust 'timestamp': 0 of its keys signed it"));
    EXPECT_EQ(machine.run("cat /run/service/usb-stick/endings 2> /dev/null || true"), "") << "it crashed";
}

TEST_P(StickLong, AnUpdateWhoseStickIsPulledGoesOnWhereItWas) {
    constexpr std::uint64_t bytes_per_second = 300'000;
    constexpr std::uint64_t before_pull = 1'200'000;  // of 2 MB that 2.0 takes
    maker_.publish(maker_.build("2.0", "add_packages = [\"test-ballast\"]\n"));
    maker_.export_to(sticks() / "repository");
    const fs::path stick =
        make_partitioned_stick(sticks() / "stick.img", 768 * mebibyte, sticks() / "repository");

    RunningMachine machine = start();
    expect_good_version(machine, "1.0");
    allow_sticks(machine, true);
    machine.plug_in("stick", stick, RunningMachine::StickKind::removable, bytes_per_second);
    wait_until_mounted(machine);
    EXPECT_THAT(machine.run("cairnctl update check"), HasSubstr("2.0 (running: 1.0)"));
    const std::uint64_t to_check = machine.count_bytes_read("stick");
    machine.run("(cairnctl update prepare > /tmp/first 2>&1; echo $? > /tmp/first.status) & true");
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (machine.count_bytes_read("stick") < to_check + before_pull) {
        ASSERT_LT(std::chrono::steady_clock::now(), deadline) << machine.run("cat /tmp/first");
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const std::uint64_t first = machine.count_bytes_read("stick");
    machine.pull_out("stick");
    machine.run_until_it_succeeds("grep -q 1 /tmp/first.status");
    EXPECT_THAT(machine.run("cat /tmp/first"), HasSubstr("the update could not be prepared: cannot read"));
    EXPECT_EQ(read_updates(machine).at("other"), nullptr) << "half a version is none";
    wait_until_unmounted(machine);
    EXPECT_THAT(refusal(machine), HasSubstr("no update repository is set"));

    machine.plug_in("again", stick);
    wait_until_mounted(machine);
    machine.run("cairnctl update prepare");
    const std::uint64_t second = machine.count_bytes_read("again");
    std::println("stick: {} bytes read until it was pulled, {} of them to check, {} to go on", first,
                 to_check, second);
    EXPECT_LT(second, first);
    const Json updates = read_updates(machine);
    EXPECT_EQ(updates.at("update_state"), "Staged");
    EXPECT_EQ(updates.at("staged").at("version"), "2.0");
}

std::string name_of(const testing::TestParamInfo<Architecture>& info) {
    return std::string(layout::to_text(info.param));
}
INSTANTIATE_TEST_SUITE_P(On, StickLong, testing::Values(Architecture::x86_64, Architecture::aarch64),
                         name_of);

}  // namespace
}  // namespace cairn::system_test
