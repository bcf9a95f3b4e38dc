#include "tests/system/running_machine.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <format>
#include <thread>

#include "images/emulator/disk_copy.h"
#include "pkg/base/error.h"
#include "pkg/base/text.h"
#include "tests/system/control.h"

namespace cairn::system_test {

namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::size_t lines_of_a_failure = 4000;  // bytes of the console that an error shows

emulator::Machine with_sockets(emulator::Machine machine, const fs::path& folder) {
    machine.serial_socket = folder / "serial";
    machine.control_socket = folder / "control";
    return machine;
}

Child start(const emulator::Machine& machine, const fs::path& folder) {
    fs::remove(*machine.serial_socket);
    for (const emulator::Disk& disk : machine.disks)
        if (disk.write_log) write_file(*disk.write_log, "");
    Command command = emulator::plan_emulator(machine);
    command.output = folder / "qemu.log";
    return Child::start(command);
}

/// QEMU makes the socket some time after its start.
Fd connect_to(const fs::path& path, const fs::path& log) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    CHECK(text.size() < sizeof address.sun_path);
    std::ranges::copy(text, address.sun_path);
    for (const auto deadline = steady_clock::now() + patience; steady_clock::now() < deadline;) {
        Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    throw Error("QEMU did not start").detail("it said", find_file(log).value_or(""));
}

/// Terminals get "\r\n", and colours from firmware and loader.
std::string find_output(std::string text) {
    std::erase(text, '\r');
    return text;
}

}  // namespace

fs::path find_image_folder(const std::string& name, layout::Architecture architecture) {
    const fs::path root = find_environment("CAIRN_ROOT").value_or(CAIRN_SOURCE_DIR);
    const fs::path folder = fs::path(find_environment("CAIRN_IMAGES").value_or((root / "out").string())) /
                            std::format("{}-{}", name, layout::to_text(architecture));
    if (fs::exists(folder / "disk.img")) return folder;
    throw UsageError(std::format("there is no image in '{}'", folder.string()))
        .hint(std::format("cairn build-image {} --arch {}", name, layout::to_text(architecture)));
}

RunningMachine::RunningMachine(emulator::Machine machine, const fs::path& folder)
    : machine_(with_sockets(std::move(machine), folder)),
      folder_(folder),
      child_(start(machine_, folder)),
      serial_(connect_to(folder / "serial", folder / "qemu.log")),
      log_(open_file(folder / "console.log", O_WRONLY | O_CREAT | O_APPEND)) {}

void RunningMachine::give_up(std::string_view what) const {
    const std::size_t from = console_.size() > lines_of_a_failure ? console_.size() - lines_of_a_failure : 0;
    throw Error(std::format("{}; the console's last lines:\n{}", what, console_.substr(from)));
}

bool RunningMachine::read_more(steady_clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    pollfd waiting = {.fd = serial_.get(), .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
    std::array<char, 4096> bytes = {};
    const ssize_t count = recv(serial_.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    const std::string_view text(bytes.data(), static_cast<std::size_t>(count));
    console_ += text;
    write_all(log_.get(), text, "console.log");
    return true;
}

void RunningMachine::wait_for(std::string_view text) {
    const auto deadline = steady_clock::now() + patience;
    while (true) {
        const std::size_t found = console_.find(text, seen_);
        if (found != std::string::npos) {
            seen_ = found + text.size();
            return;
        }
        if (!read_more(deadline) && !start_again()) give_up(std::format("the machine never said '{}'", text));
    }
}

bool RunningMachine::start_again() {
    if (machine_.on_restart != emulator::Machine::OnRestart::end ||
        child_.wait_for(std::chrono::seconds(5)) != 0)
        return false;
    keep_write_logs();
    child_ = start(machine_, folder_);
    serial_ = connect_to(*machine_.serial_socket, folder_ / "qemu.log");
    return true;
}

/// QEMU begins a log anew at each start.
void RunningMachine::keep_write_logs() {
    if (machine_.disks.empty() || !machine_.disks.front().write_log) return;
    fs::path& log = *machine_.disks.front().write_log;
    kept_logs_.push_back(std::format("{}.{}", log.string(), kept_logs_.size()));
    fs::rename(log, kept_logs_.back());
}

std::vector<fs::path> RunningMachine::write_logs() const {
    std::vector<fs::path> logs = kept_logs_;
    if (!machine_.disks.empty() && machine_.disks.front().write_log)
        logs.push_back(*machine_.disks.front().write_log);
    return logs;
}

void RunningMachine::type(std::string_view text) {
    write_all(serial_.get(), text, "the serial console");
}

void RunningMachine::log_in() {
    type("\n");  // it asks again: the first question came among what the services said
    wait_for("login: ");
    type("root\n");
    wait_for("# ");
    run("dmesg -n 1");  // what the kernel says later would end up between the answers
}

std::pair<int, std::string> RunningMachine::try_to_run(const std::string& command) {
    // The shell repeats what is typed; the quotes keep that from looking like the answer.
    const unsigned number = ++commands_;
    type(std::format("echo \"<<\"begin{0}; {{ {1}; }} 2>&1; echo \"<<\"end{0}:$?.\n", number, command));
    wait_for(std::format("<<begin{}\r\n", number));
    const std::size_t begin = seen_;
    const std::string mark = std::format("<<end{}:", number);
    wait_for(mark);
    const std::size_t end = seen_ - mark.size();
    wait_for(".\r\n");
    const std::size_t status_at = end + mark.size();
    const int status = std::stoi(console_.substr(status_at, seen_ - status_at));
    return {status, find_output(console_.substr(begin, end - begin))};
}

std::string RunningMachine::run(const std::string& command) {
    auto [status, output] = try_to_run(command);
    if (status == 0) return output;
    // GoogleTest prints what() alone.
    throw Error(std::format("'{}' failed in the machine with {}: {}", command, status, output));
}

void RunningMachine::run_until_it_succeeds(const std::string& command) {
    // By the machine's clock: under emulation the command itself may take long.
    run(
        std::format("end=$(($(cut -d. -f1 /proc/uptime) + 300)); "
                    "while :; do said=$({{ {}; }} 2>&1); status=$?; "
                    "[ $status != 0 ] && [ $(cut -d. -f1 /proc/uptime) -lt $end ] || break; sleep 2; done; "
                    "echo \"$said\"; (exit $status)",
                    command));
}

void RunningMachine::plug_in(const std::string& name, const fs::path& file, StickKind kind,
                             std::uint64_t bytes_per_second) {
    Control control(*machine_.control_socket);
    const std::string group = name + "-speed";
    control.run(
        "object-add",
        {{"qom-type", "throttle-group"}, {"id", group}, {"limits", {{"bps-total", bytes_per_second}}}});
    control.run("blockdev-add",
                {{"driver", "throttle"},
                 {"node-name", name},
                 {"throttle-group", group},
                 {"file", {{"driver", "raw"}, {"file", {{"driver", "file"}, {"filename", file.string()}}}}}});
    control.run("device_add", {{"driver", "usb-storage"},
                               {"id", "plugged-" + name},
                               {"bus", "ports.0"},
                               {"drive", name},
                               {"removable", kind == StickKind::removable}});
}

void RunningMachine::pull_out(const std::string& name) {
    Control control(*machine_.control_socket);
    control.run("device_del", {{"id", "plugged-" + name}});
    control.wait_for("DEVICE_DELETED");
    control.run("blockdev-del", {{"node-name", name}});
    control.run("object-del", {{"id", name + "-speed"}});
}

std::uint64_t RunningMachine::count_bytes_read(const std::string& name) {
    Control control(*machine_.control_socket);
    for (const Json& device : control.run("query-blockstats", Json::object()))
        if (device.value("qdev", "").contains("plugged-" + name))
            return device.at("stats").at("rd_bytes").get<std::uint64_t>();
    throw Error(std::format("QEMU counts nothing of the stick '{}'", name));
}

void RunningMachine::cut_power() {
    child_.send_signal(SIGKILL);
    child_.wait();
}

void RunningMachine::wait_until_off() {
    const auto deadline = steady_clock::now() + patience;
    while (read_more(deadline));
    if (!child_.wait_for(std::chrono::seconds(10))) give_up("the machine did not switch itself off");
}

MachineFolder::MachineFolder(layout::Architecture architecture)
    : directory_({}, "cairn-machine"), architecture_(architecture) {}

MachineFolder::MachineFolder(const std::string& image, layout::Architecture architecture,
                             std::uint64_t disk_size)
    : MachineFolder(from_folder(find_image_folder(image, architecture), architecture, disk_size)) {}

MachineFolder MachineFolder::from_folder(const fs::path& image, layout::Architecture architecture,
                                         std::uint64_t disk_size) {
    MachineFolder machine(architecture);
    emulator::make_raw_copy(image / "disk.img", machine.disk(), disk_size);
    return machine;
}

emulator::Machine MachineFolder::make_machine() const {
    return {.architecture = architecture_,
            .firmware = emulator::make_firmware(architecture_, path() / "firmware-variables.fd"),
            .disks = {{.file = disk()}}};
}

}  // namespace cairn::system_test
