#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "images/layout/partitions.h"
#include "pkg/base/files.h"
#include "tests/support/fat_volume.h"
#include "tests/system/recorded_update.h"
#include "tests/unit/installer/slots/loader_model.h"

namespace cairn::system_test {

/// What firmware, loader and `init` find on a disk whose power failed.
struct DiskLook {
    std::string listing;           // what the loader lists: names, sizes, hashes; and its settings
    crypto::Hash file_system;      // the ESP's table and folders
    bool has_equal_tables = true;  // the ESP's two copies
    std::string idle_slot;         // what its superblock says
    unsigned filled = 0;           // eighths of the root that were written to it
    std::string starts;            // the version that the loader takes; no part of what is seen

    /// Equal for looks that nobody who starts the machine can tell apart.
    std::string key() const;
};

/// Does a recorded update once more, event by event, and says after each of them what a power cut at that
/// moment would break. Nothing is booted for that. The rules:
///
/// - partition table and loader are never written, nor is the slot of a version that the loader sees;
/// - whatever the loader sees is a whole boot file, and its root is whole in a slot;
/// - one of them is known to be good, lies where it always lay, and shares no cluster with another file;
/// - all of this holds after fsck.fat, too, which mends the ESP before it is next written.
class UpdateJudge {
  public:
    explicit UpdateJudge(const RecordedUpdate& update);

    enum class Fate { done, lost };
    /// The next event. False at the end.
    bool step(Fate fate = Fate::done);
    /// When the next event is a write of several sectors to the ESP: gets only so many of its eighths to the
    /// disk, in whole sectors, and gives how many bytes that is. step() does it whole. 0 for every other
    /// event.
    std::uint64_t tear(unsigned eighths);
    std::size_t done() const { return next_; }
    /// What is wrong so far, each with its event.
    const std::vector<std::string>& problems() const { return problems_; }
    const DiskLook& look() const { return look_; }
    std::size_t repairs() const { return seen_file_systems_.size(); }
    /// The disk as it is now.
    const std::filesystem::path& disk() const { return disk_; }

  private:
    using Entries = std::vector<slots::LoaderEntry>;

    void look_at_slots();
    void look_at_esp();
    void judge_event(const DiskEvent& event);
    Entries judge_files(const support::FatVolume& volume, bool is_mended);
    void judge_good(const support::FatVolume& volume, const Entries& entries, bool is_mended);
    void judge_choice(const Entries& entries);
    void judge_mended();
    void count_filling(const DiskEvent& event);

    bool touches(const DiskEvent& event, layout::Part part) const;
    const MadeVersion* find_version(const std::string& version) const;
    std::optional<layout::Slot> find_slot(const MadeVersion& version) const;
    bool is_root_whole(const MadeVersion& version);
    void report(const std::string& problem);

    const RecordedUpdate& update_;
    TemporaryDirectory directory_;
    std::filesystem::path disk_ = directory_.path() / "disk.img";
    std::size_t next_ = 0;
    Entries entries_;
    DiskLook look_;
    std::array<std::string, 2> slot_roots_;            // first half of the root hash that each superblock has
    std::array<std::optional<bool>, 2> whole_slots_;   // empty: written since it was looked at
    std::map<std::string, crypto::Hash> other_files_;  // of the ESP, none of which may change
    std::map<std::string, std::vector<std::uint32_t>> good_places_;  // by version
    std::set<crypto::Hash> seen_file_systems_;
    std::uint64_t idle_bytes_ = 0;
    std::vector<std::string> problems_;
};

}  // namespace cairn::system_test
