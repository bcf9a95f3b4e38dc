#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "images/layout/architecture.h"

namespace cairn::host {

/// What `cairn run` is asked for.
struct RunOptions {
    std::filesystem::path image_folder;  // out/<name>-<arch>, where disk.img is
    layout::Architecture architecture = layout::Architecture::x86_64;
    std::uint64_t disk_size = std::uint64_t{8}
                              << 30;  // the disk seems this large; not smaller than the image
    std::uint32_t memory_mib = 1024;
    std::uint32_t processors = 2;
    std::vector<std::string> forwards = {};  // "2222:22"
    std::string disk_kind = "virtio";
    bool keep = false;   // the disk and the firmware's variables stay, and are used again by the next --keep
    bool fresh = false;  // forget what an earlier --keep kept
    bool graphic = false;  // a window with a screen and keyboard
    bool kvm = false;      // use KVM, if a guest really runs with it
    bool dry_run = false;  // print QEMU's command line and stop
};

/// Boots an image in QEMU with the serial console in this terminal, on a throw-away copy of its disk. Gives
/// QEMU's exit code once the machine is gone. Throws UsageError when the image has not been built.
int run_image(const RunOptions& options);

}  // namespace cairn::host
