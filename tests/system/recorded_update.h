#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "images/layout/disk_layout.h"
#include "pkg/base/files.h"
#include "pkg/crypto/hash.h"
#include "tests/system/disk_recording.h"
#include "tests/system/maker.h"

namespace cairn::system_test {

/// A version of the image, as build-image made it.
struct MadeVersion {
    std::string version;
    std::filesystem::path folder;
    crypto::Hash boot_file;  // SHA-256
    crypto::Hash root;       // of the verity tree
};

/// One update from 1.0 to 2.0, recorded from the boot of 1.0 on: prepare, activate, restart, first boot,
/// becoming good, power-off; what firmware and loader wrote in between, too.
class RecordedUpdate {
  public:
    /// Makes both versions and runs the machine. 1.0 had its first boot before.
    RecordedUpdate();

    /// Oldest first.
    const std::array<MadeVersion, 2>& versions() const { return versions_; }
    const DiskRecording& recording() const { return *recording_; }
    /// Where everything lies; no update changes it.
    const layout::DiskLayout& disk_layout() const { return layout_; }
    /// The disk that the machine left in the end.
    std::filesystem::path last_disk() const { return folder_.disk(); }

    /// A machine whose disk is as `count` events left it. The repository still has 2.0.
    MachineFolder make_folder(std::size_t count, std::uint64_t torn_bytes = 0) const {
        return recording_->make_folder(count, torn_bytes);
    }
    static RunningMachine start(const MachineFolder& folder);

  private:
    void set_up();
    void record();

    Maker maker_;
    std::array<MadeVersion, 2> versions_;
    MachineFolder folder_;
    TemporaryDirectory start_;  // the disk before
    layout::DiskLayout layout_;
    std::optional<DiskRecording> recording_;
};

}  // namespace cairn::system_test
