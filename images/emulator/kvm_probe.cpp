#include "images/emulator/kvm_probe.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "pkg/base/files.h"
#include "pkg/base/process.h"

namespace cairn::emulator {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto longest_probe = 10s;
// isa-debug-exit ends QEMU with (value << 1) | 1.
constexpr int probe_value = 0x10;
constexpr int expected_status = (probe_value << 1) | 1;

/// A boot sector: mov al, probe_value; out 0xf4, al; hlt.
std::string make_boot_sector() {
    constexpr std::array<unsigned char, 5> code = {0xb0, probe_value, 0xe6, 0xf4, 0xf4};
    std::string sector(512, '\0');
    std::copy(code.begin(), code.end(), sector.begin());
    sector[510] = '\x55';
    sector[511] = '\xaa';
    return sector;
}

/// Power-off through PSCI: mov w0, #8; movk w0, #0x8400, lsl #16; hvc #0.
std::string make_arm_code() {
    constexpr std::array<std::uint32_t, 3> code = {0x52800100, 0x72b08000, 0xd4000002};
    return {reinterpret_cast<const char*>(code.data()), sizeof code};
}

int run_probe(const std::vector<std::string>& arguments, const fs::path& log) {
    Child child = Child::start({.arguments = arguments, .output = log});
    return child.wait_for(longest_probe).value_or(-1);
}

}  // namespace

bool has_working_kvm(layout::Architecture architecture) {
    if (!fs::exists("/dev/kvm")) return false;
    const TemporaryDirectory directory;
    const fs::path guest = directory.path() / "guest";
    const fs::path log = directory.path() / "log";
    if (architecture == layout::Architecture::x86_64) {
        write_file(guest, make_boot_sector());
        return run_probe({"qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-m", "32M", "-nodefaults",
                          "-display", "none", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                          "-drive", "if=floppy,format=raw,file=" + guest.string()},
                         log) == expected_status;
    }
    write_file(guest, make_arm_code());
    return run_probe({"qemu-system-aarch64", "-machine", "virt", "-accel", "kvm", "-cpu", "host", "-m", "32M",
                      "-nodefaults", "-display", "none", "-no-reboot", "-bios", guest.string()},
                     log) == 0;
}

}  // namespace cairn::emulator
