#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "installer/disks/block_device.h"

namespace cairn::disks {

/// A disk in memory that records what was asked of it, so that a test can ask what a power cut at any moment
/// leaves.
class FakeDisk : public BlockDevice {
  public:
    struct Write {
        std::uint64_t offset;
        std::vector<std::uint8_t> bytes;
    };
    struct Sync {};
    using Event = std::variant<Write, Sync>;

    FakeDisk(std::uint64_t size, std::uint32_t sector_size, std::string name = "/dev/fake")
        : size_(size), sector_size_(sector_size), name_(std::move(name)) {}

    std::uint64_t size() const override { return size_; }
    std::uint32_t sector_size() const override { return sector_size_; }
    const std::string& name() const override { return name_; }

    std::vector<std::uint8_t> read(std::uint64_t offset, std::uint64_t length) override {
        std::vector<std::uint8_t> bytes;
        for (std::uint64_t at = offset; at < offset + length; at += sector_size_) {
            const auto sector = sectors_.find(at);
            if (sector == sectors_.end())
                bytes.resize(bytes.size() + sector_size_);
            else
                bytes.insert(bytes.end(), sector->second.begin(), sector->second.end());
        }
        return bytes;
    }

    void write(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
        events_.push_back(Write{offset, {bytes.begin(), bytes.end()}});
        for (std::size_t at = 0; at < bytes.size(); at += sector_size_) {
            const auto sector = bytes.subspan(at, sector_size_);
            sectors_[offset + at].assign(sector.begin(), sector.end());
        }
    }

    void sync() override { events_.push_back(Sync{}); }

    const std::vector<Event>& events() const { return events_; }
    void forget_events() { events_.clear(); }

  private:
    std::uint64_t size_;
    std::uint32_t sector_size_;
    std::string name_;
    std::map<std::uint64_t, std::vector<std::uint8_t>> sectors_;
    std::vector<Event> events_;
};

/// Every disk that a power cut during `events` can leave behind, starting from `before`: writes since the
/// last sync are there, lost, or torn (only their first half, or only their second half, in sectors), each on
/// its own.
inline std::vector<FakeDisk> make_crash_states(const FakeDisk& before,
                                               std::span<const FakeDisk::Event> events) {
    std::vector<FakeDisk> states = {before};
    FakeDisk synced = before;
    std::vector<FakeDisk::Write> pending;
    const auto apply_part = [&](FakeDisk disk, const FakeDisk::Write& write, std::size_t from,
                                std::size_t to) {
        if (from < to) disk.write(write.offset + from, std::span(write.bytes).subspan(from, to - from));
        return disk;
    };
    for (const FakeDisk::Event& event : events) {
        if (const auto* write = std::get_if<FakeDisk::Write>(&event)) {
            pending.push_back(*write);
            const std::size_t length = write->bytes.size();
            const std::size_t middle = length / before.sector_size() / 2 * before.sector_size();
            // Each subset of the pending writes, with the newest one whole, first half, or second half.
            const std::size_t earlier = pending.size() - 1;
            for (std::size_t subset = 0; subset < (std::size_t{1} << earlier); ++subset) {
                FakeDisk base = synced;
                for (std::size_t index = 0; index < earlier; ++index)
                    if ((subset >> index & 1) != 0) base.write(pending[index].offset, pending[index].bytes);
                states.push_back(apply_part(base, *write, 0, length));
                states.push_back(apply_part(base, *write, 0, middle));
                states.push_back(apply_part(base, *write, middle, length));
            }
        } else {
            for (const FakeDisk::Write& one : pending) synced.write(one.offset, one.bytes);
            pending.clear();
            states.push_back(synced);
        }
    }
    return states;
}

}  // namespace cairn::disks
