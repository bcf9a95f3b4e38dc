#include "tests/system/recorded_update.h"

#include <format>

#include "images/emulator/disk_copy.h"
#include "images/layout/partition_table.h"
#include "pkg/base/error.h"
#include "pkg/base/json.h"
#include "tests/system/device_steps.h"

namespace cairn::system_test {

namespace {

namespace fs = std::filesystem;

constexpr auto architecture = layout::Architecture::x86_64;
constexpr std::uint64_t disk_size = std::uint64_t{3} << 30;
/// Long: a machine that is slow because others run beside it is no failed trial.
constexpr int deadline_seconds = 600;

MadeVersion make_version(Maker& maker, const std::string& version) {
    MadeVersion made = {.version = version, .folder = maker.build(version)};
    made.boot_file = crypto::hash_file_sha256(made.folder / std::format("device_{}.efi", version));
    const Json manifest = parse_json(read_file(made.folder / "manifest.json"), "manifest.json");
    made.root = crypto::parse_hash(manifest.at("root_hash").get<std::string>());
    return made;
}

emulator::Machine make_restarting_machine(const MachineFolder& folder) {
    emulator::Machine machine = folder.make_machine();
    machine.on_restart = emulator::Machine::OnRestart::end;
    return machine;
}

}  // namespace

RecordedUpdate::RecordedUpdate()
    : maker_(architecture),
      versions_{make_version(maker_, "1.0"), make_version(maker_, "2.0")},
      folder_(MachineFolder::from_folder(versions_[0].folder, architecture, disk_size)),
      start_({}, "cairn-start") {
    set_up();
    emulator::make_raw_copy(folder_.disk(), start_.path() / "disk.img", disk_size);
    layout_ = layout::read_partition_table(folder_.disk());
    record();
}

RunningMachine RecordedUpdate::start(const MachineFolder& folder) {
    return {make_restarting_machine(folder), folder.path()};
}

void RecordedUpdate::set_up() {
    RunningMachine machine = start(folder_);
    set_up_first_version(machine, maker_.address(), deadline_seconds);
    switch_off(machine);
}

void RecordedUpdate::record() {
    emulator::Machine recorded = make_restarting_machine(folder_);
    recorded.disks[0].write_log = folder_.path() / "writes";
    RunningMachine machine(recorded, folder_.path());
    wait_for_version(machine, "1.0");
    wait_until_good(machine);
    maker_.publish(versions_[1].folder);
    machine.run("cairnctl update --yes");
    reboot(machine);
    wait_for_version(machine, "2.0");
    wait_until_good(machine);
    switch_off(machine);
    recording_.emplace(DiskRecording::Start{start_.path(), architecture, disk_size}, machine.write_logs());
}

}  // namespace cairn::system_test
