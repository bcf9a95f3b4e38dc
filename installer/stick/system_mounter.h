#pragma once

#include <filesystem>

#include "images/layout/paths.h"
#include "installer/stick/mounter.h"

namespace cairn::stick {

/// mount(2), in the mounts that all of the machine sees. A stick is read-only, nosuid, nodev, noexec,
/// nosymfollow, and one of two file systems; it is first mounted aside, where nobody but root comes, and only
/// the repository on it is shown.
class SystemMounter final : public Mounter {
  public:
    /// Unmounts what an earlier process left.
    explicit SystemMounter(std::filesystem::path shown = layout::paths::stick_repository,
                           std::filesystem::path aside = "/run/cairn/stick");

    std::string mount(const Place& place) override;
    void unmount() override;

  private:
    std::filesystem::path shown_;
    std::filesystem::path aside_;
};

}  // namespace cairn::stick
