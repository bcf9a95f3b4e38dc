#include "images/emulator/emulator.h"

#include <array>
#include <charconv>
#include <format>
#include <utility>

#include "pkg/base/error.h"
#include "pkg/base/text.h"

namespace cairn::emulator {

namespace {

using layout::Architecture;
using Arguments = std::vector<std::string>;

constexpr std::array<std::pair<std::string_view, DiskKind>, 5> disk_kinds = {{{"virtio", DiskKind::virtio},
                                                                              {"nvme", DiskKind::nvme},
                                                                              {"ahci", DiskKind::ahci},
                                                                              {"usb", DiskKind::usb},
                                                                              {"sd", DiskKind::sd}}};

/// A value inside a comma-separated option.
std::string quote(const std::filesystem::path& path) {
    return replace_all(path.string(), ",", ",,");
}

void add(Arguments& arguments, std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
}

void add_machine(Arguments& arguments, const Machine& machine) {
    const bool is_emulated = machine.acceleration == Machine::Acceleration::emulated;
    if (machine.architecture == Architecture::x86_64) {
        add(arguments, {"qemu-system-x86_64", "-machine", "q35", "-cpu", is_emulated ? "max" : "host"});
    } else {
        // The architected pointer authentication algorithm takes most of an emulated machine's time.
        add(arguments, {"qemu-system-aarch64", "-machine", "virt", "-cpu",
                        is_emulated ? "max,pauth-impdef=on" : "host"});
    }
    add(arguments,
        {"-accel", is_emulated ? "tcg,thread=multi" : "kvm", "-m", std::format("{}M", machine.memory_mib),
         "-smp", std::to_string(machine.processors), "-nodefaults", "-no-user-config"});
    if (machine.on_restart == Machine::OnRestart::end) add(arguments, {"-no-reboot"});
    if (!machine.clock.empty()) add(arguments, {"-rtc", "base=" + machine.clock});
}

void add_firmware(Arguments& arguments, const FirmwareFiles& firmware) {
    add(arguments,
        {"-drive", std::format("if=pflash,unit=0,format=raw,readonly=on,file={}", quote(firmware.code)),
         "-drive", std::format("if=pflash,unit=1,format=raw,file={}", quote(firmware.variables))});
}

/// The block layers of a disk; gives the name of the topmost.
std::string add_block_nodes(Arguments& arguments, const Disk& disk, std::size_t index) {
    const std::string node = std::format("disk{}", index);
    add(arguments, {"-blockdev",
                    std::format("driver={},node-name={},discard=unmap,file.driver=file,file.filename={}",
                                disk.format == Disk::Format::raw ? "raw" : "qcow2", node, quote(disk.file))});
    if (!disk.write_log) return node;
    // Without an update of the log's head at each write a machine that is killed leaves an empty log.
    add(arguments,
        {"-blockdev", std::format("driver=file,node-name=log{},filename={}", index, quote(*disk.write_log)),
         "-blockdev",
         std::format("driver=blklogwrites,node-name=logged{0},file={1},log=log{0},log-sector-size=512,"
                     "log-super-update-interval=1",
                     index, node)});
    return std::format("logged{}", index);
}

void add_disk(Arguments& arguments, const Disk& disk, std::size_t index) {
    const std::string node = add_block_nodes(arguments, disk, index);
    const std::string common = std::format("drive={},bootindex={}", node, index);
    const std::string sectors =
        disk.sector_size == 512
            ? ""
            : std::format(",logical_block_size={0},physical_block_size={0}", disk.sector_size);
    switch (disk.kind) {
        case DiskKind::virtio:
            add(arguments,
                {"-device", std::format("virtio-blk-pci,{}{},num-queues=1,write-cache=on", common, sectors)});
            return;
        case DiskKind::nvme:
            add(arguments, {"-device", std::format("nvme,{}{},serial=cairn{}", common, sectors, index)});
            return;
        case DiskKind::ahci:
            add(arguments, {"-device", std::format("ich9-ahci,id=ahci{}", index), "-device",
                            std::format("ide-hd,{},bus=ahci{}.0", common, index)});
            return;
        case DiskKind::usb:
            add(arguments, {"-device", std::format("qemu-xhci,id=usb{}", index), "-device",
                            std::format("usb-storage,{},bus=usb{}.0,removable=on", common, index)});
            return;
        case DiskKind::sd:  // takes no place in the boot order
            add(arguments, {"-device", std::format("sdhci-pci,id=sdhci{}", index), "-device",
                            std::format("sd-card,drive={}", node)});
            return;
    }
}

void add_network(Arguments& arguments, const Machine& machine) {
    std::string network = "user,id=net0";
    for (const Forward& forward : machine.forwards)
        network += std::format(",hostfwd=tcp:127.0.0.1:{}-:{}", forward.host, forward.guest);
    // No option ROM: without one the firmware does not try to start from the network.
    add(arguments, {"-netdev", network, "-device", "virtio-net-pci,netdev=net0,romfile="});
}

void add_serial(Arguments& arguments, const Machine& machine) {
    if (machine.serial_socket)
        add(arguments,
            {"-chardev",
             std::format("socket,id=serial0,path={},server=on,wait=on", quote(*machine.serial_socket)),
             "-serial", "chardev:serial0"});
    else
        add(arguments, {"-chardev", "stdio,id=serial0,mux=on,signal=off", "-serial", "chardev:serial0",
                        "-mon", "chardev=serial0,mode=readline"});
    if (machine.control_socket)
        add(arguments, {"-qmp", std::format("unix:{},server=on,wait=off", quote(*machine.control_socket))});
}

void add_screen(Arguments& arguments, const Machine& machine) {
    if (machine.screen == Machine::Screen::none) {
        add(arguments, {"-display", "none"});
        return;
    }
    add(arguments, {"-device", machine.architecture == Architecture::x86_64 ? "virtio-vga" : "virtio-gpu-pci",
                    "-device", "qemu-xhci,id=usb-input", "-device", "usb-kbd,bus=usb-input.0", "-device",
                    "usb-tablet,bus=usb-input.0"});
}

void check(const Machine& machine) {
    if (!machine.disks.empty() && machine.disks.front().kind == DiskKind::sd && !machine.boot_file)
        throw UsageError("the firmware cannot start from an SD card: it has no driver for one")
            .hint("give it the boot file of the image, which then finds its root on the card");
    for (const Disk& disk : machine.disks) {
        const bool can_choose_sectors = disk.kind == DiskKind::virtio || disk.kind == DiskKind::nvme;
        if (disk.sector_size != 512 && !can_choose_sectors)
            throw UsageError("only virtio and NVMe disks can have sectors other than 512 bytes in QEMU");
    }
}

std::optional<std::uint16_t> find_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

}  // namespace

std::optional<DiskKind> find_disk_kind(std::string_view text) {
    for (const auto& [name, kind] : disk_kinds)
        if (name == text) return kind;
    return std::nullopt;
}

Forward parse_forward(std::string_view text) {
    const std::size_t colon = text.find(':');
    const auto host = find_port(text.substr(0, colon));
    const auto guest = colon == std::string_view::npos ? std::nullopt : find_port(text.substr(colon + 1));
    if (!host || !guest)
        throw UsageError(std::format("'{}' is not a port forward", text))
            .hint("two numbers are expected, the port here and the guest's: 2222:22");
    return {*host, *guest};
}

Command plan_emulator(const Machine& machine) {
    check(machine);
    Arguments arguments;
    add_machine(arguments, machine);
    add_firmware(arguments, machine.firmware);
    if (machine.boot_file) add(arguments, {"-kernel", machine.boot_file->string()});
    for (std::size_t index = 0; index < machine.disks.size(); ++index)
        add_disk(arguments, machine.disks[index], index);
    add_network(arguments, machine);
    add(arguments, {"-device", "virtio-rng-pci", "-device", "i6300esb", "-action", "watchdog=reset"});
    if (machine.usb_ports == Machine::UsbPorts::some) add(arguments, {"-device", "qemu-xhci,id=ports"});
    add_serial(arguments, machine);
    add_screen(arguments, machine);
    return {.arguments = std::move(arguments)};
}

}  // namespace cairn::emulator
