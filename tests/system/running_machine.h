#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "images/emulator/emulator.h"
#include "pkg/base/fd.h"
#include "pkg/base/files.h"
#include "pkg/base/process.h"

/// Real machines in QEMU for tests: started from images that `build-image` made, watched and typed to on
/// their serial console.
namespace cairn::system_test {

/// How long anything may take before a test gives up. No test depends on it: it only ends what hangs.
inline constexpr std::chrono::minutes patience{6};

/// The folder of a built image, out/<name>-<architecture>. Throws UsageError when it was not built.
std::filesystem::path find_image_folder(const std::string& name, layout::Architecture architecture);

/// One machine, from power-on until it is destroyed. Everything that its console says is kept and printed
/// when waiting fails.
class RunningMachine {
  public:
    /// Starts it; `folder` holds its sockets. `machine`'s serial and control sockets are set here. One that
    /// ends when it restarts (`OnRestart::end`) is started again by `wait_for`: under emulation, firmware
    /// takes minutes after a reset for what takes seconds in a fresh QEMU.
    RunningMachine(emulator::Machine machine, const std::filesystem::path& folder);

    /// Waits until the console says `text`, after what was waited for before. Throws Error with the console's
    /// last lines when the machine ends or nothing comes within `patience`.
    void wait_for(std::string_view text);
    /// Waits for the login prompt of a development image and logs in.
    void log_in();
    /// Runs a command in the shell that is logged in; gives what it printed. Throws Error on another exit
    /// status than 0.
    std::string run(const std::string& command);
    /// The same, with its exit status in place of the error.
    std::pair<int, std::string> try_to_run(const std::string& command);
    /// Runs a command until it succeeds, every two seconds, at most five minutes. Throws Error with what it
    /// printed last.
    void run_until_it_succeeds(const std::string& command);
    void type(std::string_view text);

    /// A USB stick with this (raw) file's bytes is plugged into a running machine that has `UsbPorts`. A
    /// reboot of a machine that ends when it restarts pulls it.
    enum class StickKind { removable, fixed };
    static constexpr std::uint64_t unbounded = 0;
    void plug_in(const std::string& name, const std::filesystem::path& file,
                 StickKind kind = StickKind::removable, std::uint64_t bytes_per_second = unbounded);
    /// Without asking anybody.
    void pull_out(const std::string& name);
    /// What was read of a stick since it was plugged in.
    std::uint64_t count_bytes_read(const std::string& name);

    /// As if the plug was pulled: nothing that QEMU has not yet given to the disk's file gets there.
    void cut_power();
    /// Waits until the machine has switched itself off.
    void wait_until_off();

    /// The logs of the first disk (`Disk::write_log`), one for each start of QEMU, the oldest first.
    std::vector<std::filesystem::path> write_logs() const;

    const std::string& console() const { return console_; }

  private:
    bool read_more(std::chrono::steady_clock::time_point deadline);
    /// False when it does not end at a restart, or has not ended.
    bool start_again();
    void keep_write_logs();
    [[noreturn]] void give_up(std::string_view what) const;

    emulator::Machine machine_;
    std::vector<std::filesystem::path> kept_logs_;
    std::filesystem::path folder_;
    Child child_;
    Fd serial_;
    Fd log_;  // console.log in the machine's folder, for who watches a test
    std::string console_;
    std::size_t seen_ = 0;  // what was waited for ends here
    unsigned commands_ = 0;
};

/// The disk, the firmware's variables and the sockets of one machine; gone with it.
class MachineFolder {
  public:
    /// A throw-away copy of an image on a disk of `disk_size` bytes.
    MachineFolder(const std::string& image, layout::Architecture architecture, std::uint64_t disk_size);

    /// The same of an image in some other folder that build-image made.
    static MachineFolder from_folder(const std::filesystem::path& image, layout::Architecture architecture,
                                     std::uint64_t disk_size);

    const std::filesystem::path& path() const { return directory_.path(); }
    /// A plain (raw) disk: a test may change bytes in it while no machine runs.
    std::filesystem::path disk() const { return path() / "disk.img"; }
    /// The machine that this folder's disk makes; change it before it is started.
    emulator::Machine make_machine() const;

  private:
    explicit MachineFolder(layout::Architecture architecture);

    TemporaryDirectory directory_;
    layout::Architecture architecture_;
};

}  // namespace cairn::system_test
