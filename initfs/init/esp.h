#pragma once

#include <filesystem>
#include <vector>

#include "initfs/init/root_disk.h"
#include "installer/slots/boot_files.h"

namespace cairn::init {

/// The EFI system partition of the disk that runs, mounted for as long as this lives.
class MountedEsp {
  public:
    enum class Access { read_only, read_write };
    /// Throws SystemError when it cannot be mounted so.
    MountedEsp(const RootDisk& disk, Access access);
    MountedEsp(const MountedEsp&) = delete;
    MountedEsp& operator=(const MountedEsp&) = delete;
    ~MountedEsp();

    Dir top() const;
    slots::BootFiles boot_files() const;
};

/// What the ESP says before anything on this disk is changed.
struct EspLook {
    std::vector<slots::BootFile> files = {};
    bool wants_new_data = false;  // somebody asked for `data` to be made anew
};
/// Throws Error when it cannot be read.
EspLook look_at_esp(const RootDisk& disk);

}  // namespace cairn::init
