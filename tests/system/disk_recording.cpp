#include "tests/system/disk_recording.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>

#include "pkg/base/error.h"

namespace cairn::system_test {

namespace fs = std::filesystem;

DiskRecording::DiskRecording(Start start, std::span<const fs::path> logs) : start_(std::move(start)) {
    for (const fs::path& log : logs) {
        starts_.push_back(events_.size());
        logs_.push_back(open_file(log, O_RDONLY));
        std::ranges::move(read_write_log(log), std::back_inserter(events_));
    }
}

const Fd& DiskRecording::log_of(std::size_t index) const {
    const auto next = std::ranges::upper_bound(starts_, index);
    return logs_.at(static_cast<std::size_t>(next - starts_.begin()) - 1);
}

void DiskRecording::apply(const fs::path& disk, std::size_t index, std::uint64_t bytes) const {
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
    std::vector<std::uint8_t> content(length);
    read_exactly_at(log_of(index).get(), content, event.data_offset, "the log of writes");
    write_all_at(to.get(), content, event.offset, "the disk");
}

MachineFolder DiskRecording::make_folder(std::size_t count, std::uint64_t torn_bytes) const {
    MachineFolder folder = MachineFolder::from_folder(start_.image, start_.architecture, start_.disk_size);
    for (std::size_t index = 0; index < count; ++index) apply(folder.disk(), index);
    if (torn_bytes > 0) apply(folder.disk(), count, torn_bytes);
    return folder;
}

}  // namespace cairn::system_test
