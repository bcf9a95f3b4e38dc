#pragma once

#include <string>

#include "initfs/init/root_disk.h"

namespace cairn::init {

/// Opens the slot with dm-verity and mounts its EROFS read-only at `new_root`. From here on each block is
/// checked when it is read; one that does not match gives an error, or a panic for a version on trial.
void mount_verified_root(const RootDisk& disk, const disks::RootHash& root_hash,
                         disks::OnCorruption on_corruption);

/// What the root says of itself (/usr/lib/cairn/release.json).
struct Release {
    std::string name;
    std::string version;
    std::string build_time;  // "2026-11-20T00:00:00Z"
};
Release read_release(const std::string& root);

/// Fills /etc from /usr/share/factory/etc, and gives the machine its id: made once, kept on the data
/// partition
/// (`var`/lib/cairn/identity/machine-id). Without data it is new at each boot.
void fill_etc(const std::string& root);

/// Moves /dev, /proc and /sys over, makes the new root "/", frees the initfs and executes the supervisor.
/// Returns only by throwing.
[[noreturn]] void hand_over();

}  // namespace cairn::init
