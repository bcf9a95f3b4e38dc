#include "tests/system/first_boot_cuts.h"

#include <fcntl.h>

#include <algorithm>

#include "images/emulator/disk_copy.h"
#include "pkg/base/error.h"
#include "pkg/base/fd.h"

namespace cairn::system_test {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t disk_size = std::uint64_t{2} << 30;
constexpr std::uint64_t table_area = std::uint64_t{1} << 20;
constexpr auto architecture = layout::Architecture::x86_64;
constexpr const char* image = "dev";

fs::path log_of(const MachineFolder& folder) {
    return folder.path() / "writes";
}

}  // namespace

FirstBootCuts::FirstBootCuts() : recorded_(image, architecture, disk_size) {
    write_file(log_of(recorded_), "");
    emulator::Machine machine = recorded_.make_machine();
    machine.disks[0].write_log = log_of(recorded_);
    RunningMachine running(machine, recorded_.path());
    running.wait_for("cairn: all services are up");
    running.cut_power();
    events_ = read_write_log(log_of(recorded_));
}

std::vector<std::size_t> FirstBootCuts::find_table_writes() const {
    std::vector<std::size_t> found;
    for (std::size_t index = 0; index < events_.size(); ++index) {
        const DiskEvent& event = events_[index];
        if (event.kind == DiskEvent::Kind::write &&
            (event.offset < table_area || event.offset >= disk_size - table_area))
            found.push_back(index);
    }
    return found;
}

void FirstBootCuts::reset(MachineFolder& folder) const {
    fs::remove(folder.disk());
    emulator::make_raw_copy(find_image_folder(image, architecture) / "disk.img", folder.disk(), disk_size);
}

void FirstBootCuts::apply(const fs::path& disk, std::size_t index, std::uint64_t bytes) const {
    const DiskEvent& event = events_.at(index);
    const std::uint64_t length = std::min(event.length, bytes);
    if (event.kind == DiskEvent::Kind::flush || length == 0) return;
    const Fd to = open_file(disk, O_RDWR);
    if (event.kind == DiskEvent::Kind::discard) {
        if (fallocate(to.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(event.offset),
                      static_cast<off_t>(length)) != 0)
            throw SystemError("cannot discard");
        return;
    }
    const Fd log = open_file(log_of(recorded_), O_RDONLY);
    std::vector<std::uint8_t> content(length);
    read_exactly_at(log.get(), content, event.data_offset, "the log of writes");
    write_all_at(to.get(), content, event.offset, "the disk");
}

MachineFolder FirstBootCuts::make_folder(std::size_t count) const {
    MachineFolder folder(image, architecture, disk_size);
    for (std::size_t index = 0; index < count; ++index) apply(folder.disk(), index);
    return folder;
}

}  // namespace cairn::system_test
