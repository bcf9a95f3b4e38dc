#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "images/emulator/firmware.h"
#include "images/layout/architecture.h"
#include "pkg/base/process.h"

/// A machine in QEMU that starts an image through UEFI firmware, as real hardware would: used by `cairn run`
/// and by the system tests.
namespace cairn::emulator {

/// What a disk hangs on.
enum class DiskKind { virtio, nvme, ahci, usb, sd };
std::optional<DiskKind> find_disk_kind(std::string_view text);

struct Disk {
    enum class Format { raw, qcow2 };

    std::filesystem::path file;
    Format format = Format::raw;
    DiskKind kind = DiskKind::virtio;
    std::uint32_t sector_size = 512;  // 4096 for virtio and NVMe only
    /// Every write and flush goes to this (empty, existing) file too, as dm-log-writes has them.
    std::optional<std::filesystem::path> write_log = {};
};

/// TCP connections to a port of this machine (on the loopback address only) reach one of the guest.
struct Forward {
    std::uint16_t host = 0;
    std::uint16_t guest = 0;
    friend bool operator==(const Forward&, const Forward&) = default;
};
/// "2222:22". Throws UsageError.
Forward parse_forward(std::string_view text);

/// A whole machine. The plain values of a Machine and nothing else decide QEMU's command line.
struct Machine {
    enum class Acceleration { emulated, kvm };
    enum class Screen { none, window };
    enum class OnRestart { restart, end };

    layout::Architecture architecture = layout::Architecture::x86_64;
    FirmwareFiles firmware;
    std::vector<Disk> disks = {};  // the first is the one to start from
    /// The firmware starts this boot file (UKI) instead of what is on a disk. For a first disk that the
    /// firmware cannot read: OVMF and AAVMF have no driver for SD cards.
    std::optional<std::filesystem::path> boot_file = {};
    std::uint32_t memory_mib = 1024;
    std::uint32_t processors = 2;
    std::vector<Forward> forwards = {};
    Acceleration acceleration = Acceleration::emulated;
    Screen screen = Screen::none;
    OnRestart on_restart = OnRestart::restart;
    /// What the machine's clock shows at its start, "2001-01-01T00:00:00"; empty: the time that it is.
    std::string clock = {};
    /// Empty: the serial console is this terminal (Ctrl-A X ends the machine). Else a socket that QEMU makes
    /// there, and the machine does not start before somebody connects.
    std::optional<std::filesystem::path> serial_socket = {};
    /// A socket for QMP, QEMU's control protocol.
    std::optional<std::filesystem::path> control_socket = {};
    /// A USB controller whose bus is called `ports.0`: for sticks that are plugged in through QMP.
    enum class UsbPorts { none, some };
    UsbPorts usb_ports = UsbPorts::none;
};

/// QEMU's command line for a machine. Throws UsageError for one that cannot be.
Command plan_emulator(const Machine& machine);

}  // namespace cairn::emulator
