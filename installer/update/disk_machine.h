#pragma once

#include <filesystem>
#include <mutex>

#include "installer/update/machine.h"

namespace cairn::update {

/// The disk of this machine. The ESP is mounted only while it is open, nosuid, nodev, noexec; a root is
/// opened through dm-verity. To be used in a mount namespace of its own.
class DiskMachine final : public Machine {
  public:
    /// `disk` is the device node in /run/cairn/boot.json; mount points are made in `folder`. A mapped device
    /// that an earlier process left is removed.
    DiskMachine(std::filesystem::path disk, std::filesystem::path folder);

    std::unique_ptr<Esp> open_esp(Access access) override;
    OpenSlot open_slot(layout::Slot slot, Access access) override;
    std::unique_ptr<VerifiedRoot> open_root(layout::Slot slot, const crypto::Hash& root_hash) override;
    layout::Guid read_disk_id() override;
    void restart(const std::string& reason) override;

  private:
    std::filesystem::path disk_;
    std::filesystem::path folder_;
    std::mutex esp_;
};

}  // namespace cairn::update
