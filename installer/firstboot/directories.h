#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace cairn::firstboot {

/// The user that the daemon runs as.
struct Owner {
    uid_t user = 200;
    gid_t group = 200;
};

/// Makes the directories that the programs of the device need below `/var/lib/cairn` of `root`, with owners
/// and modes, and mends those of directories that are there. Each stands in a directory of root's, so nobody
/// else can have put a link in its place. Without `daemon`, all belong to who calls.
void make_device_directories(const std::filesystem::path& root, const std::optional<Owner>& daemon);

/// Makes what a machine is known by and keeps, where it is not there yet: its place in the waves of an update
/// (`identity/wave-seed`, a number from 0 to 2047). The machine's id is made by the first process.
void make_identity(const std::filesystem::path& root);

}  // namespace cairn::firstboot
