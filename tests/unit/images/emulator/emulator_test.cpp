#include "images/emulator/emulator.h"

#include <gtest/gtest.h>

#include "images/emulator/disk_copy.h"
#include "pkg/base/error.h"
#include "pkg/base/files.h"
#include "pkg/base/text.h"

namespace cairn::emulator {
namespace {

Machine make_machine(layout::Architecture architecture) {
    return {.architecture = architecture,
            .firmware = {"/fw/code.fd", "/fw/vars.fd"},
            .disks = {{.file = "/d/disk.img"}}};
}

std::string to_line(const Machine& machine) {
    return join(plan_emulator(machine).arguments, " ");
}

TEST(PlanEmulator, IsTheWholeCommandLine) {
    EXPECT_EQ(to_line(make_machine(layout::Architecture::x86_64)),
              "qemu-system-x86_64 -machine q35 -cpu max -accel tcg,thread=multi -m 1024M -smp 2 -nodefaults "
              "-no-user-config "
              "-drive if=pflash,unit=0,format=raw,readonly=on,file=/fw/code.fd "
              "-drive if=pflash,unit=1,format=raw,file=/fw/vars.fd "
              "-blockdev driver=raw,node-name=disk0,discard=unmap,file.driver=file,file.filename=/d/disk.img "
              "-device virtio-blk-pci,drive=disk0,bootindex=0,num-queues=1,write-cache=on "
              "-netdev user,id=net0 -device virtio-net-pci,netdev=net0,romfile= "
              "-device virtio-rng-pci -device i6300esb -action watchdog=reset "
              "-chardev stdio,id=serial0,mux=on,signal=off -serial chardev:serial0 -mon "
              "chardev=serial0,mode=readline "
              "-display none");
}

TEST(PlanEmulator, UsesTheQuickPointerAuthenticationOnArm) {
    EXPECT_TRUE(to_line(make_machine(layout::Architecture::aarch64))
                    .starts_with("qemu-system-aarch64 -machine virt -cpu max,pauth-impdef=on "));
}

TEST(PlanEmulator, ForwardsPortsOnTheLoopbackAddressOnly) {
    Machine machine = make_machine(layout::Architecture::x86_64);
    machine.forwards = {parse_forward("2222:22")};
    EXPECT_TRUE(to_line(machine).contains("-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2222-:22 "));
}

TEST(PlanEmulator, SetsTheClockWhereItIsAsked) {
    Machine machine = make_machine(layout::Architecture::x86_64);
    machine.clock = "2001-01-01T00:00:00";
    EXPECT_TRUE(to_line(machine).contains(" -rtc base=2001-01-01T00:00:00 "));
}

TEST(PlanEmulator, KeepsCommasInFileNames) {
    Machine machine = make_machine(layout::Architecture::x86_64);
    machine.disks[0].file = "/a,b/disk.img";
    EXPECT_TRUE(to_line(machine).contains("file.filename=/a,,b/disk.img "));
}

TEST(PlanEmulator, PutsALogBetweenDiskAndMachine) {
    Machine machine = make_machine(layout::Architecture::x86_64);
    machine.disks[0].write_log = "/log";
    const std::string line = to_line(machine);
    EXPECT_TRUE(line.contains("driver=blklogwrites,node-name=logged0,file=disk0,log=log0,")) << line;
    EXPECT_TRUE(line.contains("virtio-blk-pci,drive=logged0,")) << line;
}

TEST(PlanEmulator, HasPortsForSticksWhereTheyAreWanted) {
    Machine machine = make_machine(layout::Architecture::x86_64);
    EXPECT_FALSE(to_line(machine).contains("id=ports"));
    machine.usb_ports = Machine::UsbPorts::some;
    EXPECT_TRUE(to_line(machine).contains("-device qemu-xhci,id=ports "));
}

TEST(PlanEmulator, RefusesLargeSectorsWhereQemuCannotHaveThem) {
    Machine machine = make_machine(layout::Architecture::x86_64);
    machine.disks[0] = {.file = "/d", .kind = DiskKind::usb, .sector_size = 4096};
    EXPECT_THROW(plan_emulator(machine), UsageError);
    machine.disks[0].kind = DiskKind::nvme;
    EXPECT_TRUE(to_line(machine).contains("logical_block_size=4096"));
}

TEST(Forward, RefusesWhatIsNotTwoPorts) {
    EXPECT_EQ(parse_forward("8080:80"), (Forward{8080, 80}));
    for (const char* text : {"", "22", "22:", ":22", "0:22", "1:65536", "a:b", "1:2:3"})
        EXPECT_THROW(parse_forward(text), UsageError) << text;
}

TEST(Size, HasUnits) {
    EXPECT_EQ(parse_size("8G"), std::uint64_t{8} << 30);
    EXPECT_EQ(parse_size("512M"), std::uint64_t{512} << 20);
    EXPECT_EQ(parse_size("4096"), 4096U);
    for (const char* text : {"", "G", "1X", "0", "-1", "99999999999T"})
        EXPECT_THROW(parse_size(text), UsageError) << text;
}

TEST(RawCopy, ShowsTheImageAndIsLarger) {
    const TemporaryDirectory directory;
    write_file(directory.path() / "image", "content");
    make_raw_copy(directory.path() / "image", directory.path() / "copy", 4096);
    EXPECT_EQ(read_file(directory.path() / "copy"), "content" + std::string(4096 - 7, '\0'));
}

}  // namespace
}  // namespace cairn::emulator
